/** The boundaries in an identifier: a capital after a small letter, a capitalised word after an acronym, digits. */
const SEAM = /\p{Ll}\p{Lu}|\p{Lu}\p{Lu}\p{Ll}|\p{L}[0-9]|[0-9]\p{L}/u;
/** A plural of an acronym is one word: "PDFs". */
const PART = /\p{Lu}+s?(?![\p{Ll}\p{M}])|\p{Lu}?[\p{Ll}\p{M}]+|[\p{Lt}\p{Lm}\p{Lo}\p{M}]+|[0-9]+/gu;
const DIGITS = /^[0-9]/;

/** The same boundaries for ASCII words, in a fifth of the time. */
export const ASCII_SEAM = /[a-z][A-Z]|[A-Z]{2}[a-z]|[A-Za-z][0-9]|[0-9][A-Za-z]/;
const ASCII_PART = /[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|[0-9]+/g;
const ASCII = /^[A-Za-z0-9]*$/;

/** Longer words, and words with more parts or many short ones, are checksums or encoded data, not identifiers. */
export const MAX_LENGTH = 64;
const MAX_PARTS = 8;
const FEW_PARTS = 3;
/** Minimum length of a part: a single letter is not a word. */
const MIN_LENGTH = 2;

const NONE: readonly string[] = [];

/**
 * The parts of an identifier, in lower case; letters also together with the digits that follow them (`base64Encode`: base, 64, base64,
 * encode). `word` has its original case. Empty for a word of one part.
 */
export function partsOf(word: string): readonly string[] {
  if (word.length > MAX_LENGTH) return NONE;
  const isAscii = ASCII.test(word);
  if (!(isAscii ? ASCII_SEAM : SEAM).test(word)) return NONE;
  const parts = word.match(isAscii ? ASCII_PART : PART) ?? NONE;
  if (parts.length < 2 || parts.length > MAX_PARTS) return NONE;
  if (parts.length > FEW_PARTS && word.length < MIN_LENGTH * parts.length) return NONE;
  const words: string[] = [];
  for (const [n, part] of parts.entries()) {
    if (part.length >= MIN_LENGTH) words.push(toSmall(part));
    if (n > 0 && parts.length > 2 && DIGITS.test(part)) words.push(toSmall(parts[n - 1]! + part));
  }
  return words;
}

/** Lower case, with one form for the two lower-case sigmas of Greek. */
export function toSmall(text: string): string {
  const small = text.toLowerCase();
  return small.includes('ς') ? small.replaceAll('ς', 'σ') : small;
}
