import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageId } from '../../../../src/model/id.ts';
import type { NewMessage } from '../../../../src/model/message.ts';
import { SEARCH_FIELDS } from '../../../../src/model/search/fields.ts';
import { openPostgresRepository } from '../../../../src/repository/postgres/open.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { say } from '../../contract/store.ts';
import { useStoreDatabase } from '../store.ts';
import { isFound } from './naive-search.ts';

const database = useStoreDatabase();

/** Few words, so that they meet often: plain, with parts, of scripts without spaces, with marks, of two tokens, and very long. */
const WORDS = [
  ...'fox fo foxes Bear bear2 parseQuery query QUERY HTTPServer v2 été ete straße 数 数据 据库 ภาษา ไทย 데이 터 👍🏽 👍 3½ İ x\u00ady'.split(
    ' ',
  ),
  'foo-bar',
  'bar.fox',
  'مُحَمَّد',
  '🇩🇪',
  'é\u0301',
  `long${'g'.repeat(3_000)}`,
  `long${'g'.repeat(2_999)}h`,
];

const word = fc.constantFrom(...WORDS);
const text = fc
  .array(fc.tuple(word, fc.constantFrom(' ', '', ', ', '\n', '_', "'", ':', '\\')), { maxLength: 8 })
  .map((words) => words.flat().join(''));

const message: fc.Arbitrary<NewMessage> = fc
  .record({
    content: text,
    reasoning: fc.option(text),
    calls: fc.option(fc.record({ name: word, arguments: fc.dictionary(word, text, { maxKeys: 2 }) })),
  })
  .map(({ content, reasoning, calls }) =>
    say(content, {
      role: 'ASSISTANT',
      reasoning,
      toolCalls: calls && [{ toolCallId: '1', name: calls.name, arguments: calls.arguments }],
    }),
  );

const phrase = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.boolean(), fc.nat(4), fc.boolean())
  .map(([words, isQuoted, cut, isPrefix]) => {
    const whole = words.join(' ');
    const some = whole.slice(0, Math.max(1, whole.length - (isPrefix ? cut : 0)));
    return `${isQuoted ? `"${some}"` : some}${isPrefix ? '*' : ''}`;
  });
const query = fc.array(phrase, { minLength: 1, maxLength: 3 }).map((phrases) => phrases.join(' '));

const fields = fc.subarray([...SEARCH_FIELDS], { minLength: 1 });

async function during(use: (repository: SessionRepository) => Promise<void>): Promise<void> {
  await database.renew();
  const repository = await openPostgresRepository({ url: database.url });
  try {
    await use(repository);
  } finally {
    await repository.close();
  }
}

describe('a search in PostgreSQL', () => {
  it('finds what the model defines', async () => {
    const messages = fc.sample(message, { numRuns: 300, seed: 28 });
    await during(async (repository) => {
      for (const [n, id] of ['a', 'b', 'c'].entries())
        await repository.create({ id, messages: messages.slice(n * 100, n * 100 + 100) });
      let hitCount = 0;
      await fc.assert(
        fc.asyncProperty(query, fields, async (sought, named) => {
          const { hits } = await repository.search({ query: sought, fields: named, limit: 1_000 });
          const expected = messages.flatMap((each, n) =>
            isFound(each, sought, named) ? [`${'abc'[Math.floor(n / 100)]}:${n % 100}`] : [],
          );
          hitCount += hits.length;
          expect(hits.map(messageId).sort()).toEqual(expected.sort());
        }),
        { numRuns: 300, seed: 28 },
      );
      expect(hitCount).toBeGreaterThan(300);
    });
  });

  it('finds what is in long messages, wherever it stands', async () => {
    const words = Array.from({ length: 40_000 }, (_, n) => `w${n % 9_973}x${n % 7}`);
    const often = Array.from({ length: 3_000 }, (_, n) => (n % 700 === 699 ? 'wolf' : 'the'));
    const messages = [
      say(words.join(' '), { role: 'ASSISTANT', reasoning: 'a bear' }),
      say(often.join(' '), { role: 'ASSISTANT', reasoning: `${'a fox '.repeat(1_000)}parseQuery` }),
    ];
    await during(async (repository) => {
      await repository.create({ id: 'a', messages });
      const queries = [
        ...Array.from({ length: 60 }, (_, n) => `"${words.slice(n * 661, n * 661 + 3).join(' ')}"`),
        `"${words.slice(15_950, 16_050).join(' ')}"`,
        `"${words.slice(15_950, 16_049).join(' ')} wrong"`,
        `${words[3]} ${words[39_000]}`,
        `${words[3]} ${words[39_000]} bear`,
        `"${'the '.repeat(100)}"`,
        '"the wolf the"',
        '"wolf wolf"',
        'wolf query',
        'wolf fox quer*',
        '"fox a" the',
        '"fox fox"',
      ];
      for (const sought of queries)
        for (const named of [['CONTENT'], ['CONTENT', 'REASONING']] as const) {
          const { hits, totalCount } = await repository.search({ query: sought, fields: named, limit: 10 });
          const expected = messages.flatMap((each, n) => (isFound(each, sought, named) ? [`a:${n}`] : []));
          expect([sought, named, hits.map(messageId).sort(), totalCount]).toEqual([
            sought,
            named,
            expected,
            expected.length,
          ]);
        }
    });
  });
});
