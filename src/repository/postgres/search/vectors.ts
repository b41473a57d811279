import { createHash } from 'node:crypto';
import { Cutter } from '../../../model/search/tokens.ts';

/**
 * A text as `tsvector`s, written as literals: no parser and no dictionary of the database sees it, so that a search finds what `model/search/`
 * defines. A lexeme is a token, with its positions, or a part of one (`Token.parts`), behind a "_" and without a position: no phrase has
 * parts in it.
 *
 * A `tsvector` has at most 16,383 positions, 255 of them for one lexeme, 1 MB, and 2,046 bytes in a lexeme. What is longer becomes several, each
 * of which begins with the last tokens of the one before, so that every phrase is in one of them.
 */
export interface Vectors {
  /** None if the text has no tokens. */
  readonly literals: readonly string[];
  /** In tokens, of the whole text. */
  readonly length: number;
}

/** The longest phrase that is sure to be in one of the vectors of a text, in tokens. */
export const PHRASE_MAX = 128;
const OVERLAP = PHRASE_MAX - 1;

const POSITIONS_MAX = 16_000;
const POSITIONS_OF_LEXEME_MAX = 255;
/** Characters of lexemes, each of which has at most 4 bytes. */
const CHARACTERS_MAX = 200_000;
/** Bytes of a lexeme, before what tells long ones apart. */
const LEXEME_BYTES = 1_900;

/** Stands before the parts of tokens. No token has it. */
const PART_MARK = '_';

/** Tokens between two steps. */
const STEP = 500;

/** Splits a text into vectors, in steps of some tenths of a millisecond, between which the caller may pause. */
export function* vectorSteps(text: string): Generator<void, Vectors> {
  const literals: string[] = [];
  const cutter = new Cutter(text);
  let vector = new Vector();
  let length = 0;
  for (let token = cutter.next(); token; token = cutter.next()) {
    length += 1;
    if (length % STEP === 0) yield;
    const lexeme = lexemeOf(token.text);
    if (vector.isFullFor(lexeme)) {
      literals.push(vector.literal());
      vector = vector.next();
    }
    vector.add(lexeme, token.parts);
  }
  if (length > 0) literals.push(vector.literal());
  return { literals, length };
}

/** The lexeme of a token. Of a very long one it is the beginning, with a digest of all. */
export function lexemeOf(token: string): string {
  if (token.length * 3 <= LEXEME_BYTES || Buffer.byteLength(token) <= LEXEME_BYTES) return token;
  const digest = createHash('sha256').update(token).digest('hex').slice(0, 32);
  return `${beginningOf(token)}${PART_MARK}${digest}`;
}

/** The lexemes that begin with this are those of the tokens that begin so: of a very long beginning, its first bytes count. */
export function beginningOf(token: string): string {
  if (token.length * 3 <= LEXEME_BYTES) return token;
  // The bytes of a character that was cut decode to U+FFFD.
  return Buffer.from(token)
    .subarray(0, LEXEME_BYTES)
    .toString()
    .replace(/\ufffd+$/, '');
}

/** The lexeme of a part of a token, or of its beginning. */
export function partLexeme(part: string): string {
  return PART_MARK + part;
}

interface Places {
  text: string;
  count: number;
}

class Vector {
  readonly #places = new Map<string, Places>();
  readonly #parts = new Set<string>();
  readonly #lexemes: string[] = [];
  #characters = 0;

  isFullFor(lexeme: string): boolean {
    return (
      this.#lexemes.length === POSITIONS_MAX ||
      this.#characters > CHARACTERS_MAX ||
      this.#places.get(lexeme)?.count === POSITIONS_OF_LEXEME_MAX
    );
  }

  add(lexeme: string, parts: readonly string[]): void {
    this.#lexemes.push(lexeme);
    const known = this.#places.get(lexeme);
    if (known) {
      known.text += `,${this.#lexemes.length}`;
      known.count += 1;
    } else {
      this.#places.set(lexeme, { text: `:${this.#lexemes.length}`, count: 1 });
      this.#characters += lexeme.length;
    }
    for (const part of parts) {
      if (this.#parts.has(part)) continue;
      this.#parts.add(part);
      this.#characters += part.length;
    }
  }

  /** The vector that follows, with the last tokens of this one. */
  next(): Vector {
    const next = new Vector();
    for (const lexeme of this.#lexemes.slice(-OVERLAP)) next.add(lexeme, []);
    return next;
  }

  /** Tokens are letters and digits: none has to be quoted. */
  literal(): string {
    let literal = '';
    for (const [lexeme, { text }] of this.#places) literal += `${lexeme}${text} `;
    for (const part of this.#parts) literal += `${partLexeme(part)} `;
    return literal;
  }
}
