/**
 * The folded form of a character for search: plain letters and digits, with their case. A character may fold to several (`½` to 1
 * and 2, `ﷺ` to four words), or to none (an accent, a soft hyphen).
 */

/**
 * - `letter`: a part of a word.
 * - `single`: a token of its own, in scripts without spaces between words, and for emoji.
 * - `mark`: belongs to the character before it.
 * - `jamo`: a decomposed Korean vowel or final consonant, as in file names of macOS.
 * - `flag`: half of a flag emoji.
 */
export type Kind = 'letter' | 'single' | 'mark' | 'jamo' | 'flag' | 'separator';

export interface Folded {
  readonly text: string;
  readonly kind: Kind;
}

const SEPARATOR: Folded = { text: '', kind: 'separator' };
const SEPARATORS: readonly Folded[] = [SEPARATOR];

/**
 * Accents of Latin, Greek and Cyrillic, vowel signs of Hebrew, Arabic and Syriac, the nukta of Devanagari; tatweel, skin
 * tones, frames; and invisible characters: soft hyphens, zero-width spaces and joiners, direction marks, variation selectors.
 */
const IGNORED =
  /[\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}\p{Me}\u0640[[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711\u0730-\u074a\u08ca-\u08ff\u093c\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]&&\p{M}]]/v;
const IN_WORDS = /[\p{L}\p{N}\p{M}]/u;
/** Letters in circles and squares are included. "™" and "㎏", which follow a word, are not. */
const JOINS_WORDS = /[\p{Alphabetic}\p{N}\p{M}]/u;
const NUMBER = /\p{N}/u;
const EMOJI = /\p{Extended_Pictographic}/u;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々〆]/u;
/** Apostrophes that Unicode classifies as letters: ʼ in Ukrainian, ʻ in Hawaiian. */
const APOSTROPHE = /[\u02b9-\u02bf]/u;
const MARK = /\p{M}/u;
const JAMO = /[\u1160-\u11ff]/u;
/** Single Korean letters ("ㅋㅋㅋ"). Decomposition would join them into syllables. */
const LONE_JAMO = /[\u3131-\u318e]/u;
const FLAG = /[\u{1f1e6}-\u{1f1ff}]/u;

/** Letters without a Unicode decomposition, each with the letters that people type instead. */
const PLAIN = new Map(
  (
    'łl ŁL đd ĐD ðd ÐD øo ØO ħh ĦH ŧt ŦT ıi ŋn ŊN ĸk æae ÆAe œoe ŒOe þth ÞTh ßss ẞSS əe ƏE ǝe ƎE ɛe ƐE ɔo ƆO ɓb ƁB ɗd ƊD ' +
    'ɖd ƉD ƙk ƘK ƴy ƳY ɲn ƝN ƒf ƑF ςσ ґг ҐГ یي ىي کك ةه ہه ھه'
  )
    .split(' ')
    .map((pair) => [pair.slice(0, 1), pair.slice(1)]),
);

/** The digit zero of each script with digits of its own. The other nine digits follow it. */
const ZEROS = '٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐᥆᧐᪀᪐᭐᮰᱀᱐꘠꣐꤀꧐꧰꩐꯰';
const DIGITS = new Map(
  [...ZEROS].flatMap((zero) =>
    Array.from({ length: 10 }, (_, n) => [String.fromCodePoint(zero.codePointAt(0)! + n), String(n)]),
  ),
);

/** The end of the cached range. Characters beyond it are rare, and caching them all would take too much memory. */
const KEPT = 0x20000;
const known = new Map<number, readonly Folded[]>();

export function foldOf(codePoint: number): readonly Folded[] {
  const kept = known.get(codePoint);
  if (kept) return kept;
  const folded = fold(String.fromCodePoint(codePoint));
  if (codePoint < KEPT) known.set(codePoint, folded);
  return folded;
}

function fold(character: string): readonly Folded[] {
  if (IGNORED.test(character)) return [];
  if (LONE_JAMO.test(character)) return [{ text: character, kind: 'single' }];
  const plain = [...character.normalize('NFKD')]
    .filter((part) => !IGNORED.test(part))
    .map((part) => PLAIN.get(part) ?? DIGITS.get(part) ?? part)
    .join('')
    .normalize('NFC');
  const parts = [...plain].map(partOf);
  if (parts.every(({ kind }) => kind === 'separator')) return SEPARATORS;
  return standsApart(character, parts) ? [SEPARATOR, ...parts, SEPARATOR] : parts;
}

/** "3½" is the words 3, 1 and 2; "Word™" is two words. */
function standsApart(character: string, parts: readonly Folded[]): boolean {
  const hasLetters = parts.some(({ kind }) => kind === 'letter');
  return (
    hasLetters && (!JOINS_WORDS.test(character) || (NUMBER.test(character) && parts.includes(SEPARATOR)))
  );
}

function partOf(text: string): Folded {
  const kind = kindOf(text);
  return kind === 'separator' ? SEPARATOR : { text, kind };
}

function kindOf(character: string): Kind {
  if (FLAG.test(character)) return 'flag';
  if (EMOJI.test(character)) return 'single';
  if (!IN_WORDS.test(character) || APOSTROPHE.test(character)) return 'separator';
  if (JAMO.test(character)) return 'jamo';
  if (MARK.test(character)) return 'mark';
  return UNSPACED.test(character) ? 'single' : 'letter';
}
