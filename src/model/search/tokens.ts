import { foldOf, type Kind } from './fold.ts';
import { ASCII_SEAM, MAX_LENGTH, partsOf, toSmall } from './word-parts.ts';

/**
 * The tokenizer of the search, for index, queries and snippets. It folds characters first (`fold.ts`), and then splits text into words
 * of letters and digits. Scripts without spaces between words (Chinese, Japanese, Korean, Thai and similar ones), and emoji, are split
 * into single characters, so that any part of a sentence is a phrase.
 */

export interface Token {
  /** The folded text, which is compared. */
  readonly text: string;
  /** The parts of an identifier. Each finds the token too: `query` finds `parseQuery`. */
  readonly parts: readonly string[];
  /** The position in the original text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

const NO_PARTS: readonly string[] = [];

/** Produces one token at a time, so that a long text is tokenized only as far as needed. */
export class Cutter {
  readonly #text: string;
  #at: number;
  /** The number of parts of the character at `#at` that are in earlier tokens. */
  #taken = 0;

  /** Starts at `from`: the start of the text, or the position after an ASCII separator. */
  constructor(text: string, from = 0) {
    this.#text = text;
    this.#at = from;
  }

  next(): Token | null {
    const text = this.#text;
    let word = '';
    let kind: Kind = 'separator';
    let start = 0;
    let end = 0;
    let hasMarks = false;
    while (this.#at < text.length) {
      const code = text.charCodeAt(this.#at);
      if (code < 0x80) {
        if (word !== '' && (kind !== 'letter' || !isAsciiWord(code))) break;
        const from = this.#at;
        this.#at = endOfAscii(text, from);
        if (this.#at === from) {
          this.#at += 1;
          continue;
        }
        if (word === '') start = from;
        word += text.slice(from, this.#at);
        kind = 'letter';
        end = this.#at;
        continue;
      }
      const codePoint = text.codePointAt(this.#at)!;
      const next = this.#at + (codePoint > 0xffff ? 2 : 1);
      const folded = foldOf(codePoint);
      while (this.#taken < folded.length) {
        const part = folded[this.#taken]!;
        if (word === '') {
          start = this.#at;
          word = part.text;
          kind = part.kind === 'mark' ? 'letter' : part.kind === 'jamo' ? 'single' : part.kind;
        } else if (goesOn(kind, part.kind)) {
          word += part.text;
          if (part.kind === 'flag') kind = 'single';
          if (part.kind !== 'letter') hasMarks = true;
        } else {
          return tokenOf(word, kind, hasMarks, start, end);
        }
        end = next;
        this.#taken += 1;
      }
      // A mark without a folded form is shown together with its base character.
      if (folded.length === 0) end = next;
      this.#taken = 0;
      this.#at = next;
    }
    return word === '' ? null : tokenOf(word, kind, hasMarks, start, end);
  }
}

export function* tokensOf(text: string): Generator<Token> {
  const cutter = new Cutter(text);
  for (let token = cutter.next(); token; token = cutter.next()) yield token;
}

function goesOn(kind: Kind, next: Kind): boolean {
  if (next === 'mark') return true;
  if (next === 'letter' || next === 'flag') return kind === next;
  return next === 'jamo' && kind === 'single';
}

function tokenOf(word: string, kind: Kind, hasMarks: boolean, start: number, end: number): Token {
  const composed = hasMarks ? word.normalize('NFC') : word;
  if (kind !== 'letter') return { text: composed, parts: NO_PARTS, start, end };
  const text = toSmall(composed);
  const parts = text === composed && !DIGIT.test(text) ? NO_PARTS : partsOf(composed);
  return { text, parts, start, end };
}

const DIGIT = /[0-9]/;
const ASCII = /^[\0-\x7f]*$/;

/** See `indexedText`. */
export interface IndexedText {
  readonly body: string;
  readonly parts: string;
}

/**
 * A text for an index whose tokenizer handles only ASCII, splits at all ASCII characters except letters and digits, and ignores case. The
 * index finds the tokens of `tokensOf` in `body`, and the parts of tokens, each once, in `parts`. ASCII text, the most common, is passed
 * unchanged.
 */
export function indexedText(text: string): IndexedText {
  const parts = new Set<string>();
  if (ASCII.test(text)) {
    for (const word of new Set(asciiCompounds(text))) for (const part of partsOf(word)) parts.add(part);
    return { body: text, parts: [...parts].join(' ') };
  }
  const words: string[] = [];
  for (const token of tokensOf(text)) {
    words.push(token.text);
    for (const part of token.parts) parts.add(part);
  }
  return { body: words.join(' '), parts: [...parts].join(' ') };
}

/** Words that may have parts. Most texts have few. */
function* asciiCompounds(text: string): Generator<string> {
  const seams = new RegExp(ASCII_SEAM, 'g');
  for (let seam = seams.exec(text); seam; seam = seams.exec(text)) {
    const { start, end } = asciiWordAt(text, seam.index);
    if (end - start <= MAX_LENGTH) yield text.slice(start, end);
    seams.lastIndex = end;
  }
}

/** The word at `place` in an ASCII text. */
export function asciiWordAt(text: string, place: number): { readonly start: number; readonly end: number } {
  let start = place;
  while (start > 0 && isAsciiWord(text.charCodeAt(start - 1))) start -= 1;
  return { start, end: endOfAscii(text, place) };
}

function endOfAscii(text: string, from: number): number {
  let end = from;
  while (end < text.length && isAsciiWord(text.charCodeAt(end))) end += 1;
  return end;
}

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** True for an ASCII letter or digit. */
export function isAsciiWord(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39);
}
