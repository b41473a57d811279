import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';
import { executeBothWays, failOnUnhandled } from './by-the-book.ts';
import { type Pools, RandomQuery } from './random-query.ts';
import { useVariedStore } from './store.ts';

/** `QUERIES=100000 npx vitest run test/execution/random-queries.test.ts` is the long form. */
const QUERIES = Number(process.env.QUERIES ?? 600);

const store = useVariedStore();
const unhandled = failOnUnhandled();

const IDS = ['root', 'a', 'b', 'a-0', 'root:0', 'a:1', 'fork', 'fork-of-gone', 'none', 'a:99', 'no id!', ''];

/** With cursors that the store gave. */
async function pools(): Promise<Pools> {
  const query = `{
    sessions(first: 2) { edges { cursor } }
    session(id: "root") { children(first: 2) { edges { cursor } } descendants(first: 3) { edges { cursor } } history(first: 2) { edges { cursor } } }
  }`;
  const contextValue = createContext({ repository: store.repository, limits: DEFAULT_LIMITS });
  const answer = JSON.stringify(await execute({ schema, document: parse(query), contextValue }));
  const cursors = [...answer.matchAll(/"cursor":"([^"]+)"/g)].map(([, cursor]) => cursor!);
  expect(cursors.length).toBe(9);
  return {
    ID: IDS,
    String: ['hello', 'topic', '__proto__', 'tool*', '"', ''],
    cursors: [...cursors, 'x', ''],
  };
}

const tape = fc.array(fc.nat(10_000), { minLength: 10, maxLength: 400, size: 'max' });
const limits = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  fc.record({ objects: fc.nat(30) }),
  fc.record({ textBytes: fc.nat(2_000) }),
);

/** Which of the fields that are too much is first to say so hangs on what is read first. */
function withoutPlace(answer: string): unknown {
  const { data, errors } = JSON.parse(answer) as { data: unknown; errors: { message: string }[] };
  return { data, messages: errors.map(({ message }) => message) };
}

test('any query is answered as graphql-js answers it', async ({ annotate }) => {
  const drawn = await pools();
  const queries = tape.map((numbers) => new RandomQuery(schema, drawn, numbers));
  const counts = { valid: 0, planned: 0, failed: 0, exceeded: 0, bytes: 0 };
  await fc.assert(
    fc.asyncProperty(queries, limits, async ({ query, variables }, limits) => {
      // Two fields of one name that cannot be one; not many are.
      fc.pre(validate(schema, parse(query)).length === 0);
      const { book, answers, ways } = await executeBothWays(store.repository, { query, variables, limits });
      await unhandled.check();
      counts.valid += 1;
      counts.bytes += book.length;
      if (!ways.again.includes('book')) counts.planned += 1;
      if (book.includes('"errors":')) counts.failed += 1;
      if (book.includes('BUDGET_EXCEEDED')) {
        counts.exceeded += 1;
        for (const answer of answers) expect(withoutPlace(answer)).toEqual(withoutPlace(book));
      } else {
        for (const answer of answers) expect(answer).toBe(book);
      }
    }),
    { numRuns: QUERIES, interruptAfterTimeLimit: 30_000 * (1 + QUERIES / 10_000) },
  );
  await annotate(JSON.stringify(counts));
  expect(counts.planned).toBeGreaterThan(QUERIES / 4);
  expect(counts.failed).toBeGreaterThan(QUERIES / 10);
  expect(counts.exceeded).toBeGreaterThan(QUERIES / 200);
}, 120_000);
