/**
 * How text is searched. Text is cut into words of letters and digits, without regard to case and accents. Scripts that put no
 * space between words (Chinese, Japanese, Korean, Thai and their like) are cut into single characters, so that any part of a
 * sentence is a phrase of them.
 */

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々〆]/u;
/** Korean whose syllables are spelt out, as macOS names files: a consonant, a vowel, and perhaps another consonant. */
const SPELT_OUT = /[\u1100-\u115f][\u1160-\u11a7][\u11a8-\u11ff]?/u;
/** Marks of its own kind that half-width katakana has. */
const MARK = /[\p{M}\uff9e\uff9f]/u;
const PIECES = new RegExp(
  `${SPELT_OUT.source}|${UNSPACED.source}${MARK.source}*|(?:(?!${UNSPACED.source})[\\p{L}\\p{N}\\p{M}])+`,
  'gu',
);

export interface Token {
  /** As it is compared. */
  readonly text: string;
  /** Where it stands in the original, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

export function* tokensOf(text: string): Generator<Token> {
  for (const word of text.matchAll(WORD)) {
    for (const piece of word[0].matchAll(PIECES)) {
      const start = word.index + piece.index;
      const folded = fold(piece[0]);
      if (folded !== '') yield { text: folded, start, end: start + piece[0].length };
    }
  }
}

const ASCII = /^[\0-\x7f]*$/;

/**
 * A text as it is to be handed to something that knows of ASCII alone, and cuts at whatever is neither a letter nor a digit, without
 * regard to case: then it finds the tokens of `tokensOf`. Most text is ASCII, and goes as it is.
 */
export function asciiText(text: string): string {
  if (ASCII.test(text)) return text;
  return [...tokensOf(text)].map((token) => token.text).join(' ');
}

function fold(text: string): string {
  // Accents of Latin, Greek and Cyrillic; elsewhere a mark makes another letter.
  return (
    text
      .normalize('NFKD')
      .replace(/[\u0300-\u036f]/g, '')
      .normalize('NFC')
      .toLowerCase()
      // Two small letters that have one capital form with others.
      .replaceAll('ς', 'σ')
      .replaceAll('ß', 'ss')
  );
}

/** Tokens that follow one another. `isPrefix`: the last may go on. */
export interface Phrase {
  readonly tokens: readonly string[];
  readonly isPrefix: boolean;
}

/**
 * What a query asks for: every phrase, in any order. A phrase is a word, what stands in double quotes, or a word that is cut
 * into several tokens (`foo-bar`, 数据). `*` after a word or a closing quote asks for what begins so. Nothing in a query is an
 * error; one without letters and digits asks for nothing, and finds nothing.
 */
export function parseQuery(query: string): Phrase[] {
  const phrases: Phrase[] = [];
  for (const [, quoted, word, star] of query.matchAll(/(?:"([^"]*)"?|([^\s"*]+))(\*?)/gu)) {
    const tokens = [...tokensOf(quoted ?? word ?? '')].map(({ text }) => text);
    if (tokens.length > 0) phrases.push({ tokens, isPrefix: star === '*' });
  }
  return phrases;
}

/** Characters of a snippet around its first match, about. */
const AROUND = 60;

/** A part of `content` around what matches, each match between << and >>. Null where nothing does. */
export function snippetOf(content: string, phrases: readonly Phrase[]): string | null {
  const tokens = [...tokensOf(content)];
  const matches: { start: number; end: number }[] = [];
  for (let n = 0; n < tokens.length; n += 1) {
    const length = Math.max(0, ...phrases.map((phrase) => matchAt(tokens, n, phrase)));
    if (length === 0) continue;
    matches.push({ start: tokens[n]!.start, end: tokens[n + length - 1]!.end });
    n += length - 1;
  }
  const [first] = matches;
  if (!first) return null;
  const from = boundary(tokens, first.start - AROUND, 0);
  const to = boundary(tokens, first.end + AROUND, content.length);
  let snippet = from > 0 ? '…' : '';
  let at = from;
  for (const { start, end } of matches) {
    if (end > to) break;
    snippet += `${content.slice(at, start)}<<${content.slice(start, end)}>>`;
    at = end;
  }
  return snippet + content.slice(at, Math.max(at, to)) + (to < content.length ? '…' : '');
}

/** How many tokens from `n` on match the phrase; 0 where they do not. */
function matchAt(tokens: readonly Token[], n: number, { tokens: wanted, isPrefix }: Phrase): number {
  const matches = wanted.every((text, k) => {
    const found = tokens[n + k]?.text;
    return isPrefix && k === wanted.length - 1 ? found?.startsWith(text) : found === text;
  });
  return matches ? wanted.length : 0;
}

/** The beginning of a token near `place`; `end` where there is none beyond it. */
function boundary(tokens: readonly Token[], place: number, end: number): number {
  if (end === 0) return place <= 0 ? 0 : (tokens.find(({ start }) => start >= place)?.start ?? 0);
  return place >= end ? end : (tokens.findLast((token) => token.end <= place)?.end ?? end);
}
