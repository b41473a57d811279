import type { Attack } from '../attack.ts';
import { query } from '../client.ts';
import { MB, messagesOf } from '../store-writer.ts';

/* Searches that cost by the size of what is stored. One slow search does not hold the next one, nor a client that has left the thread. */

const SEARCH =
  'query($query: String!, $first: Int) { searchMessages(query: $query, first: $first) { edges { snippet } } }';

/** What a search may get that costs too much. */
const BOUNDED = [
  '200 ok',
  '200 BUDGET_EXCEEDED',
  '200 DEADLINE_EXCEEDED',
  '200 SEARCH_UNAVAILABLE',
  '503 OVERLOADED',
];
const REFUSED = ['200 BAD_USER_INPUT', '400 BAD_USER_INPUT'];

/** A megabyte of text with many different words, which all begin with `letter`. */
function manyWords(letter: string, bytes: number): string {
  const words: string[] = [];
  for (let n = 0, length = 0; length < bytes; n += 1) {
    const word = letter + n.toString(36);
    words.push(word);
    length += word.length + 1;
  }
  return words.join(' ').slice(0, bytes);
}

/** As many prefixes as a search may have; each is of many words. */
export function prefixesOf(letter: string): string {
  return ['', 1, 2, 3, 4, 5, 6, 7].map((end) => `${letter}${end}*`).join(' ');
}

export const SEARCHES: readonly Attack[] = [
  {
    name: 'hits-of-a-megabyte',
    what: 'a search whose hits are messages of 1 MB, with their snippets; eight at once',
    allowed: BOUNDED,
    fill: (store, pick) =>
      store.session({ id: 'hits-of-a-megabyte' }, messagesOf(pick(4, 60), MB, 'megahit of a word ')),
    async run({ server, got, pick }) {
      await awaitIndex(server, 'megahit');
      const answers = await Promise.all(
        Array.from({ length: pick(2, 8) }, () => server.query(SEARCH, { query: 'megahit word', first: 50 })),
      );
      for (const answer of answers) got(answer);
    },
  },
  {
    name: 'words-out-of-bounds',
    what: 'searches of 166 words, of 125 prefixes, of 5,000 characters',
    allowed: REFUSED,
    async run({ server, got }) {
      const words = Array.from({ length: 166 }, (_, n) => (36 + n).toString(36));
      const prefixes = words.slice(0, 125).map((word) => `${word}*`);
      for (const text of [words.join(' '), prefixes.join(' '), 'a'.repeat(5_000), '中'.repeat(501)])
        got(await server.query(SEARCH, { query: text }));
    },
  },
  {
    name: 'words-at-their-bounds',
    what: 'searches of 50 words, of 8 prefixes and of long phrases over messages of 1 MB',
    allowed: BOUNDED,
    fill: (store, pick) =>
      store.session({ id: 'words-at-their-bounds' }, messagesOf(pick(2, 30), MB, manyWords('q', MB))),
    async run({ server, got }) {
      await awaitIndex(server, 'q1');
      const words = Array.from({ length: 50 }, (_, n) => `q${n.toString(36)}`).join(' ');
      const phrase = `"${Array.from({ length: 49 }, (_, n) => `q${n.toString(36)}`).join(' ')}"`;
      const phrases = Array.from({ length: 8 }, (_, n) => `"q${n} q${n + 1}*"`).join(' ');
      for (const text of [words, prefixesOf('q'), phrase, phrases])
        got(await server.query(SEARCH, { query: text, first: 50 }));
    },
  },
  {
    name: 'searches-by-aliases',
    what: '100 aliases of a search for a thousand hits, in one request',
    allowed: ['200 BUDGET_EXCEEDED', '200 DEADLINE_EXCEEDED', '503 OVERLOADED'],
    fill: (store, pick) => {
      for (let n = 0; n < pick(10, 50); n += 1)
        store.session({ id: `searches-by-aliases-${n}` }, messagesOf(100, 200, 'aliashit and other words '));
    },
    async run({ server, got }) {
      await awaitIndex(server, 'aliashit');
      const searches = Array.from(
        { length: 100 },
        (_, n) =>
          `a${n}: searchMessages(query: "aliashit ${'other '.repeat(n % 5)}", first: 1000) { edges { snippet } }`,
      );
      got(await server.query(`{ ${searches.join(' ')} }`));
    },
  },
  {
    name: 'searches-that-nobody-awaits',
    what: 'clients that search, and leave before the answer; then one that stays',
    allowed: BOUNDED,
    fill: (store, pick) =>
      store.session({ id: 'searches-that-nobody-awaits' }, messagesOf(pick(2, 20), MB, manyWords('z', MB))),
    async run({ server, got, pick }) {
      await awaitIndex(server, 'z1');
      const left = Array.from({ length: pick(10, 50) }, (_, n) => {
        const leaving = AbortSignal.timeout(50);
        return query(
          server.port,
          SEARCH,
          { query: `${prefixesOf('z')} z${n}`, first: 50 },
          { signal: leaving },
        );
      });
      await Promise.all(left);
      got(await server.query(SEARCH, { query: 'z1', first: 1 }));
    },
  },
  {
    name: 'odd-searches',
    what: 'quotes and stars alone, the syntax of FTS, Chinese without spaces, emoji, combining marks',
    allowed: [...BOUNDED, ...REFUSED],
    fill: (store) =>
      store.session({ id: 'odd-searches' }, messagesOf(10, 20_000, '数据在北京的备份然后再回答')),
    async run({ server, got }) {
      const odd = [
        '"',
        '""',
        '*',
        '* *',
        '"*"',
        'a OR b',
        'NEAR(a b, 5)',
        'content:a',
        '-a',
        '^a',
        'a AND NOT b',
      ];
      const far = [
        '数据在'.repeat(160),
        '中* '.repeat(8),
        '👩‍👩‍👧‍👦'.repeat(40),
        'e\u0301'.repeat(200),
        '\u200b'.repeat(400),
        '{a}',
        'a+b',
      ];
      for (const text of [...odd, ...far]) got(await server.query(SEARCH, { query: text }));
    },
  },
  {
    name: 'search-pages-by-thousands',
    what: 'the first page of thousands of different searches: their rankings are kept for later pages',
    allowed: BOUNDED,
    growthMb: 450,
    fill: (store) => store.session({ id: 'search-pages-by-thousands' }, messagesOf(300, 100)),
    async run({ server, got, pick }) {
      await awaitIndex(server, 'word1');
      for (let n = 0; n < pick(5, 5_000); n += 1)
        got(await server.query(SEARCH, { query: `w* word${n}*`, first: 1 }));
    },
  },
];

/** Resolves once a search finds `word`: the index of words is made in the background. */
async function awaitIndex(server: { query: (document: string) => Promise<{ text: string }> }, word: string) {
  for (let tries = 0; tries < 200; tries += 1) {
    const { text } = await server.query(
      `{ searchMessages(query: "${word}", first: 1) { nodes { id } isComplete } }`,
    );
    if (text.includes('"id"')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The word ${word} was not indexed.`);
}
