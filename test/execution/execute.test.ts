import { type OperationDefinitionNode, parse } from 'graphql';
import { afterEach, describe, expect, test } from 'vitest';
import { Plan } from '../../src/execution/plan.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createContext } from '../../src/schema/context.ts';
import { schema } from '../../src/schema/index.ts';
import { executeBothWays, failOnUnhandled, type Named, type Way } from './by-the-book.ts';
import { ARGUMENTS } from './queries-arguments.ts';
import { FAILING, NOT_PLANNED, REFUSED } from './queries-others.ts';
import { SELECTIONS } from './queries-selections.ts';
import { useVariedStore } from './store.ts';

const store = useVariedStore();
const unhandled = failOnUnhandled();

afterEach(() => unhandled.check());

const KINDS: readonly [kind: string, table: readonly Named[], again: readonly Way[], hasErrors: boolean][] = [
  ['what a plan serves', [...SELECTIONS, ...ARGUMENTS], ['plan'], false],
  ['what is not planned', NOT_PLANNED, ['book'], false],
  ['what fails is executed by the plan alone', FAILING, ['plan'], true],
  ['what is refused', REFUSED, [], true],
];

describe.each(KINDS)('%s', (_kind, table, again, hasErrors) => {
  test.each(table)('%s', async (_name, request) => {
    const { book, answers, ways } = await executeBothWays(store.repository, request);
    for (const answer of answers) expect(answer).toBe(book);
    expect('errors' in (JSON.parse(book) as object)).toBe(hasErrors);
    expect(ways.again).toEqual(again);
    expect(ways.compiled).toEqual(ways.first);
  });
});

test('a query of `__typename` alone is answered as graphql-js answers it', async () => {
  const { book, answers } = await executeBothWays(store.repository, {
    query: '{ __typename q: __typename }',
  });
  for (const answer of answers) expect(answer).toBe(book);
});

describe('a budget that is spent', () => {
  const tree =
    '{ session(id: "root") { children { nodes { id children { nodes { id parent { title } metadata } } } } } }';

  test.each([
    ['at the root', '{ session(id: "root") { id } }', { objects: 0 }],
    ['in a page', tree, { objects: 3 }],
    ['in a page of a page', tree, { objects: 5 }],
    ['by what comes later', tree, { objects: 8 }],
    ['by text', '{ session(id: "root") { title metadata } }', { textBytes: 10 }],
    ['by histories', '{ sessions { nodes { id history { nodes { content } } } } }', { textBytes: 50 }],
    [
      'in a list of promises',
      '{ nodes(ids: ["a", "b", "c"]) { id ... on Session { metadata } } }',
      { objects: 2 },
    ],
    [
      'under an alias, in a fragment',
      '{ s: session(id: "root") { ...F } } fragment F on Session { c: children { e: edges { n: node { r: rollup { sessionCount } p: parent { id } } } } }',
      { objects: 5 },
    ],
    ['by ancestors', '{ session(id: "a-0-0") { ancestors { id } } }', { objects: 3 }],
  ])('%s is one error with its place, and no data', async (_name, query, limits) => {
    const { book, answers, ways } = await executeBothWays(store.repository, { query, limits });
    for (const answer of answers) expect(answer).toBe(book);
    expect(JSON.parse(book)).toMatchObject({
      data: null,
      errors: [
        { path: expect.any(Array), locations: expect.any(Array), extensions: { code: 'BUDGET_EXCEEDED' } },
      ],
    });
    for (const way of Object.values(ways)) expect(way).toEqual(['plan']);
  });

  test('is not spent again for an answer with errors', async () => {
    // Six objects, all of which are charged before the last one fails.
    const query = `{
      session(id: "root") { children { nodes { id } } }
      node(id: "a:0") { ... on Message { session { history(first: -1) { totalCount } } } }
    }`;
    const limits = { objects: 6 };
    const { book, answers, ways } = await executeBothWays(store.repository, { query, limits });
    for (const answer of answers) expect(answer).toBe(book);
    expect(book).toContain('BAD_USER_INPUT');
    expect(ways.again).toEqual(['plan']);
  });
});

test('a plan is kept, unless it has more than 500 selections', async () => {
  const isKept = async (selections: number) => {
    const fields = Array.from({ length: selections - 1 }, (_, n) => `s${n}: session(id: "a") { id }`);
    const document = parse(`{ ${fields.join(' ')} }`);
    const contextValue = createContext({ repository: store.repository, limits: DEFAULT_LIMITS });
    const args = { schema, document, contextValue };
    const plan = new Plan(args, document.definitions[0] as OperationDefinitionNode, 1);
    expect((await plan.execute(args, { sources: {}, coerced: {} })).errors).toBeUndefined();
    return plan.isFor(args);
  };
  expect([await isKept(500), await isKept(501)]).toEqual([true, false]);
});
