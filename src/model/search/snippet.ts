import type { Phrase } from './query.ts';
import { asciiWordAt, Cutter, isAscii, isAsciiWord, type Token } from './tokens.ts';

/** Approximate length of a snippet around the first match, in characters. */
const AROUND = 60;
/** Maximum length of a shown match, in characters: a prefix can find a word as long as a message. */
const MATCH = 200;
/** Tokens, or places of a word's letters, in one step. */
const STEP = 500;
/** Each of more phrases would be looked for in the whole text: one look at each token is then cheaper. */
const FEW_PHRASES = 8;
/** Minimum number of tokens kept before the first match: as many as the snippet can show before it. */
const KEPT = 1_000;

interface Match {
  readonly start: number;
  readonly end: number;
}

/** A part of a snippet. `isMatch`: the part is a match, in the words of the text. */
export interface SnippetPart {
  readonly text: string;
  readonly isMatch: boolean;
}

/** A snippet as one text, with each match between << and >>. */
export function markedText(parts: readonly SnippetPart[]): string {
  return parts.map(({ text, isMatch }) => (isMatch ? `<<${text}>>` : text)).join('');
}

/** An excerpt of `content` around the first match, in parts that are not empty. Null if nothing matches. */
export function snippetOf(content: string, phrases: readonly Phrase[]): SnippetPart[] | null {
  const steps = snippetSteps(content, phrases);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** As `snippetOf`, in short steps: a long text can take some tenths of a second. */
export function* snippetSteps(
  content: string,
  phrases: readonly Phrase[],
): Generator<void, SnippetPart[] | null> {
  const sought = new Sought(phrases);
  const begin =
    isAscii(content) && phrases.length <= FEW_PHRASES ? yield* beforeFirstMatch(content, phrases) : 0;
  if (begin === null) return null;
  const stream = new TokenStream(content, begin);
  const matches: Match[] = [];
  let tokens = 0;
  for (let n = 0; stream.has(n); n += 1) {
    n = stream.forget(n, matches.length === 0);
    tokens += 1;
    if (tokens % STEP === 0) yield;
    const token = stream.at(n)!;
    if (matches.length > 0 && token.start > matches[0]!.end + AROUND) break;
    const length = sought.longestAt(stream, n);
    if (length === 0) continue;
    matches.push({ start: token.start, end: stream.at(n + length - 1)!.end });
    n += length - 1;
  }
  return matches.length === 0 ? null : show(content, stream.tokens, matches);
}

function show(content: string, tokens: readonly Token[], matches: readonly Match[]): SnippetPart[] {
  const first = matches[0]!;
  const from = first.start <= AROUND ? 0 : startAfter(tokens, first.start - AROUND);
  const to =
    first.end + AROUND >= content.length
      ? content.length
      : Math.max(first.end, endBefore(tokens, first.end + AROUND));
  const parts: SnippetPart[] = [];
  let before = from > 0 ? '…' : '';
  let at = from;
  for (const { start, end } of matches) {
    if (end > to) break;
    before += content.slice(at, start);
    if (before !== '') parts.push({ text: before, isMatch: false });
    parts.push({ text: shorten(content.slice(start, end)), isMatch: true });
    before = '';
    at = end;
  }
  const after = before + content.slice(at, to) + (to < content.length ? '…' : '');
  if (after !== '') parts.push({ text: after, isMatch: false });
  return parts;
}

/** Tokens, produced on demand. */
class TokenStream {
  tokens: Token[] = [];
  readonly #rest: Cutter;

  constructor(content: string, from: number) {
    this.#rest = new Cutter(content, from);
  }

  at(n: number): Token | undefined {
    while (this.tokens.length <= n) {
      const token = this.#rest.next();
      if (!token) return undefined;
      this.tokens.push(token);
    }
    return this.tokens[n];
  }

  has(n: number): boolean {
    return this.at(n) !== undefined;
  }

  /** Drops passed tokens, if `mayForget`. Returns the new number of token `n`. */
  forget(n: number, mayForget: boolean): number {
    if (!mayForget || n < 2 * KEPT) return n;
    this.tokens = this.tokens.slice(n - KEPT);
    return KEPT;
  }
}

/** Phrases by their first token, so that many of them cost a look at a token little more than one. */
class Sought {
  readonly #byFirst = new Map<string, Phrase[]>();
  /** Phrases whose first token is a prefix. */
  readonly #prefixes: Phrase[] = [];

  constructor(phrases: readonly Phrase[]) {
    for (const phrase of phrases) {
      const [first] = phrase.tokens;
      const others = this.#byFirst.get(first!);
      if (phrase.isPrefix && phrase.tokens.length === 1) this.#prefixes.push(phrase);
      else if (others) others.push(phrase);
      else this.#byFirst.set(first!, [phrase]);
    }
  }

  /** The number of tokens of the longest phrase that matches from token `n` on; 0 if none does. */
  longestAt(stream: TokenStream, n: number): number {
    const { text, parts } = stream.at(n)!;
    let longest = longestOf(this.#prefixes, stream, n, 0);
    longest = longestOf(this.#byFirst.get(text) ?? NONE, stream, n, longest);
    for (const part of parts) longest = longestOf(this.#byFirst.get(part) ?? NONE, stream, n, longest);
    return longest;
  }
}

const NONE: readonly Phrase[] = [];

function longestOf(phrases: readonly Phrase[], stream: TokenStream, n: number, least: number): number {
  let longest = least;
  for (const phrase of phrases) {
    if (phrase.tokens.length > longest && matchesAt(stream, n, phrase)) longest = phrase.tokens.length;
  }
  return longest;
}

/** True if the tokens from number `n` on are those of a phrase. */
export function matchesAt(
  stream: { at(n: number): Token | undefined },
  n: number,
  { tokens, isPrefix }: Phrase,
): boolean {
  const last = tokens.length - 1;
  for (let k = 0; k <= last; k += 1) {
    const found = stream.at(n + k);
    if (!found) return false;
    const fits = (text: string) =>
      isPrefix && k === last ? text.startsWith(tokens[k]!) : text === tokens[k];
    if (!fits(found.text) && !(last === 0 && found.parts.some(fits))) return false;
  }
  return true;
}

/**
 * A position in an ASCII text at or before the first match; null if there is no match. Searching for the letters of a word takes a tenth
 * of the time of tokenizing the text.
 */
function* beforeFirstMatch(content: string, phrases: readonly Phrase[]): Generator<void, number | null> {
  const small = content.toLowerCase();
  let first = content.length;
  for (const phrase of phrases) first = (yield* placeOf(content, small, phrase, first)) ?? first;
  if (first === content.length) return null;
  let begin = Math.max(0, first - AROUND);
  while (begin > 0 && begin < first && isAsciiWord(content.charCodeAt(begin - 1))) begin += 1;
  return begin;
}

/** The start of the first match of a phrase, if it is before `end`. */
function* placeOf(
  content: string,
  small: string,
  phrase: Phrase,
  end: number,
): Generator<void, number | null> {
  const [letters] = phrase.tokens;
  let looks = 0;
  for (let at = small.indexOf(letters!); at !== -1 && at < end; ) {
    looks += 1;
    if (looks % STEP === 0) yield;
    const word = asciiWordAt(small, at);
    if (matchesAt(new TokenStream(content, word.start), 0, phrase)) return word.start;
    at = small.indexOf(letters!, word.end);
  }
  return null;
}

/** The start of the first token that starts at `place` or after it. */
function startAfter(tokens: readonly Token[], place: number): number {
  return tokens.find(({ start }) => start >= place)!.start;
}

/** The end of the last token that ends at `place` or before it. */
function endBefore(tokens: readonly Token[], place: number): number {
  return tokens.findLast(({ end }) => end <= place)?.end ?? 0;
}

function shorten(match: string): string {
  if (match.length <= MATCH) return match;
  const isSplit = /[\ud800-\udbff]/.test(match[MATCH - 1]!);
  return `${match.slice(0, isSplit ? MATCH - 1 : MATCH)}…`;
}
