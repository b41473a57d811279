import type { NewMessage } from '../../src/model/message.ts';

/** Messages per session of a store for searches. */
export const SEARCHABLE_LENGTH = 100;

export const searchableIdOf = (n: number): string => `searchable-${n}`;

/** The number of invented words: as many as a long text has different ones. */
const VOCABULARY = 2_000;
const WORDS = 24;
/** Both are primes, so that neighbouring messages have different words. */
const STEP = 7_919;
const SPREAD = 104_729;

const CITIES = ['北京', '上海', '广州', '深圳', '成都', '杭州', '武汉', '西安', '南京', '重庆'];

/** Kinds of words: of how many messages one contains the word, and example words. */
export const KINDS = {
  'a word of one message in 1,000': { every: 1_000, query: (n: number) => `opal${n % 1_000}` },
  'a word of one message in 100': { every: 100, query: (n: number) => `amber${n % 100}` },
  'two words, each of about one message in 100': {
    every: VOCABULARY,
    query: (n: number) => `amber${n % 100} ${rarestWordOf(n)}`,
  },
  'a Chinese phrase of one message in 100': { every: 100, query: (n: number) => `数据在${CITIES[n % 10]}` },
  'a word of every second message': { every: 2, query: (n: number) => (n % 2 === 0 ? 'sunny' : 'cloudy') },
} as const;

/** The nth message of such a store, a function of the number only. */
export function searchableMessage(n: number): NewMessage {
  const words = seedsOf(n).map(wordOf);
  words.splice(place(n, 3), 0, `opal${n % 1_000}`);
  words.splice(place(n, 11), 0, `amber${n % 100}`);
  words.splice(place(n, 17), 0, n % 2 === 0 ? 'sunny' : 'cloudy');
  // One message in ten is in Chinese, and names one of ten cities.
  if (n % 10 === 3) words.push(`。请检查数据在${CITIES[Math.floor(n / 10) % 10]}的备份，然后再回答。`);
  return { role: n % 2 === 0 ? 'USER' : 'ASSISTANT', content: words.join(' ') };
}

/**
 * A word that 25 of 2,000 messages contain, including the nth, as is typical of the rarer half of all words. Together with a word
 * of one in 100, it is contained in one message in 2,000.
 */
function rarestWordOf(n: number): string {
  return wordOf(Math.max(...seedsOf(n).map((seed) => seed % VOCABULARY)));
}

const seedsOf = (n: number) => Array.from({ length: WORDS }, (_, place) => n * STEP + place * SPREAD);
const place = (n: number, offset: number) => (n + offset) % WORDS;

/** Common words are frequent, as in any language: the square of a uniform distribution. */
function wordOf(seed: number): string {
  const share = (seed % VOCABULARY) / VOCABULARY;
  const index = Math.floor(share * share * VOCABULARY);
  return (
    SYLLABLES[index % 20]! + SYLLABLES[Math.floor(index / 20) % 20]! + SYLLABLES[Math.floor(index / 400)]!
  );
}

const SYLLABLES = 'ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu'.split(' ');
