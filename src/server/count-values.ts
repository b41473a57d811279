import { randomInt } from 'node:crypto';
import { BYTES_PER_VALUE } from '../model/json.ts';

/** The last of the four characters of whitespace: other control characters are not JSON. */
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const COMMA = 0x2c;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/**
 * What a key counts when it first appears in a body. A new key takes some microseconds from the parser to the file: it is stored once for
 * the whole process, and objects of very many keys are slow. A key that comes again costs as little as any value.
 */
const NEW_KEY = 20;

/** What a short string counts when it first appears: the parser stores it once for the whole process, too. */
const NEW_STRING = 1;
/** Bytes of the longest string of which JSON.parse looks for an earlier copy. */
const SHORT_STRING = 10;

/** The most that one byte counts: `{"a":` has five bytes, and counts two values and a new key. */
const MAX_PER_BYTE = 5;

/** Whether `memoryOf` is null: whether a JSON text has more than `most` values and keys. Looks at no byte of a short text. */
export function hasMoreValues(json: Uint8Array, most: number): boolean {
  return json.length * MAX_PER_BYTE > most && memoryOf(json, most) === null;
}

/**
 * The bytes of memory that a JSON text takes once it is parsed, roughly: those of the text without the whitespace between its tokens, or
 * 32 for each value and key, whichever is more. Null if the text has more than `most` values and keys, of which each different key counts
 * twenty more, and each different short string one more. Parsing takes a byte's time for a byte of text, but a hundred times that for an
 * empty list or a key: this takes a few nanoseconds for each byte.
 */
export function memoryOf(json: Uint8Array, most: number): number | null {
  const seen = new SeenStrings(json);
  let values = 0;
  let surcharge = 0;
  let whitespace = 0;
  let start = 0;
  let end = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]!;
    if (byte === QUOTE) {
      start = at + 1;
      end = endOfString(json, at);
      at = end;
      if (end - start <= SHORT_STRING && seen.add(start, end, VALUES)) surcharge += NEW_STRING;
    } else if (byte === COLON) {
      values += 1;
      if (seen.add(start, end, KEYS)) surcharge += NEW_KEY;
    } else if (byte === COMMA || byte === BRACKET || byte === BRACE) values += 1;
    else if (byte <= SPACE) whitespace += 1;
    if (values + surcharge > most) return null;
  }
  return Math.max(json.length - whitespace, values * BYTES_PER_VALUE);
}

/** The index of the closing quote. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** So that a client cannot choose different strings that pass for the same. */
const KEYS = randomInt(2 ** 32);
const VALUES = randomInt(2 ** 32);

const BITS = 2 ** 20;

/** The strings of a text so far, by a bit for the hash of each (a Bloom filter). Of ten thousand new ones, some fifty pass for known. */
class SeenStrings {
  readonly #json: Uint8Array;
  readonly #bits = new Uint8Array(BITS / 8);

  constructor(json: Uint8Array) {
    this.#json = json;
  }

  /** Whether the string, from `start` to before `end`, is new among those with the same `seed`. */
  add(start: number, end: number, seed: number): boolean {
    // FNV-1a, and a last step that mixes the upper bits into the lower.
    let hash = seed;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ this.#json[at]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    const bit = (hash ^ (hash >>> 13)) & (BITS - 1);
    const mask = 1 << (bit & 7);
    const isNew = (this.#bits[bit >>> 3]! & mask) === 0;
    this.#bits[bit >>> 3]! |= mask;
    return isNew;
  }
}
