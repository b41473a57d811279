import { execute as executeByTheBook, parse, validate } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { afterEach, expect, test } from 'vitest';
import { createExecute, execute } from '../../src/execution/execute.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { createContext } from '../../src/schema/context.ts';
import { executeCompiled, executeHalfCompiled, failOnUnhandled } from './by-the-book.ts';
import { oddSchema } from './odd-schema.ts';
import { useVariedStore } from './store.ts';

const store = useVariedStore();
const unhandled = failOnUnhandled();

afterEach(() => unhandled.check());

/** Expects the answer of graphql-js. `read` returns the part of an answer that is compared. */
async function expectByTheBook(query: string, read = (answer: string): unknown => answer): Promise<void> {
  const document = parse(query);
  expect(validate(oddSchema, document)).toEqual([]);
  const args = () => ({
    schema: oddSchema,
    document,
    contextValue: createContext({ repository: store.repository, limits: DEFAULT_LIMITS }),
  });
  const book = JSON.stringify(await executeByTheBook(args()));
  for (const way of [execute, execute, executeCompiled, executeHalfCompiled])
    expect(read(JSON.stringify(await way(args())))).toEqual(read(book));
}

const PLAIN_FIELDS = Object.values(oddSchema.getQueryType()!.getFields())
  .filter(({ type, args }) => args.length === 0 && !/Item|Thing|Either/.test(String(type)))
  .map(({ name }) => name);

test.each(PLAIN_FIELDS)(
  'the field %s is answered as by graphql-js, alone and beside others',
  async (field) => {
    await expectByTheBook(`{ ${field} }`);
    await expectByTheBook(`{ before: laterFine ${field} fine after: laterFine }`);
  },
);

test.each(PLAIN_FIELDS)(
  'the field %s is answered as by graphql-js, after one that rejects and before one that throws',
  async (field) => {
    await expectByTheBook(`{ rejects a: rejects ${field} b: rejects }`);
    await expectByTheBook(`{ laterFine ${field} throws }`);
  },
);

const ITEM_FIELDS = [
  '__typename fine',
  'length',
  'fun',
  'method',
  'getter',
  'any',
  'inner { fine }',
  'inner { fun }',
];

test.each([
  '',
  'null',
  'error',
  'later error',
  'text',
  'function',
  'box',
  'functions',
  'promised',
  'rejected',
])('an object is answered as by graphql-js where its resolver gives: %s', async (how) => {
  for (const field of ITEM_FIELDS) {
    await expectByTheBook(`{ item(how: "${how}") { ${field} } fine }`);
    await expectByTheBook(`{ itemForSure(how: "${how}") { ${field} } fine }`);
  }
});

test.each([
  '{ item { fine throws } laterFine }',
  '{ item { fine rejects } laterFine }',
  '{ item { inner { nothing } fine } fine }',
  '{ item { inner { nothingLater fine } fine } fine }',
  '{ itemForSure { nothingLater } fine }',
  '{ itemForSure { rejects throws } }',
  '{ item { rejects more { rejects throws } } }',
  '{ item { more { fine inner { nothing } } } fine }',
  '{ items { fine throws rejects } }',
  '{ items { fine } }',
  '{ itemsForSure { nothing } fine }',
  '{ lists { fine } }',
])('nested objects and lists are answered as by graphql-js: %s', (query) => expectByTheBook(query));

/** The errors of a wrong `resolveType` are internal, and worded differently by each executor: no client sees them. */
const withoutMessages = (answer: string): unknown =>
  JSON.parse(answer, (key, value) => (key === 'message' ? null : value));

test.each(['Stone', 'Leaf', 'Wind', 'Thing', 'Nothing', 'String', '', 'throws'])(
  'an abstract type that is told to be "%s"',
  async (how) => {
    const each = 'id __typename ... on Stone { weight } ... on Leaf { green }';
    await expectByTheBook(`{ thing(how: "${how}") { ${each} } fine }`, withoutMessages);
    await expectByTheBook(
      `{ either(how: "${how}") { ... on Thing { id } __typename ... on Leaf { green } } fine }`,
      withoutMessages,
    );
    await expectByTheBook(`{ things { ${each} } thing(how: "${how}") { id } }`, withoutMessages);
  },
);

test('what comes later is taken where it is read, also once that is compiled', async () => {
  let calls = 0;
  const schema = createSchema({
    typeDefs: 'type Query { item: Item } type Item { fine: String }',
    resolvers: {
      Query: {
        item: () => {
          calls += 1;
          return { fine: Promise.resolve('later') };
        },
      },
    },
  });
  const document = parse('{ item { fine } }');
  const callsOf = async (way: typeof execute) => {
    calls = 0;
    const contextValue = createContext({ repository: store.repository, limits: DEFAULT_LIMITS });
    expect(JSON.stringify(await way({ schema, document, contextValue }))).toBe(
      '{"data":{"item":{"fine":"later"}}}',
    );
    return calls;
  };
  expect([await callsOf(execute), await callsOf(executeCompiled)]).toEqual([1, 1]);
  const third = createExecute(3);
  expect([await callsOf(third), await callsOf(third), await callsOf(third)]).toEqual([1, 1, 1]);
});

test('a plan is of one schema: the same document under another gets another', async () => {
  const document = parse('{ __typename item { fine } }');
  const contextValue = () => createContext({ repository: store.repository, limits: DEFAULT_LIMITS });
  const run = async (fine: string) => {
    const schema = createSchema({
      typeDefs: 'type Query { item: Item } type Item { fine: String }',
      resolvers: { Query: { item: () => ({ fine }) } },
    });
    return JSON.stringify(await execute({ schema, document, contextValue: contextValue() }));
  };
  expect(await run('one')).toBe('{"data":{"__typename":"Query","item":{"fine":"one"}}}');
  expect(await run('two')).toBe('{"data":{"__typename":"Query","item":{"fine":"two"}}}');
});

test('once an answer has no data left, nothing more is resolved for it, and no rejection is left', async () => {
  let resolved = 0;
  const schema = createSchema({
    typeDefs: 'type Query { fails: String! later: [Item] items: [Item] } type Item { fine: String }',
    resolvers: {
      Query: {
        fails: () => null,
        later: async () => [Promise.reject(new Error('nobody waits for it'))],
        items: async () => [{}],
      },
      Item: {
        fine: () => {
          resolved += 1;
        },
      },
    },
  });
  const document = parse('{ later { fine } items { fine } fails }');
  const contextValue = createContext({ repository: store.repository, limits: DEFAULT_LIMITS });
  expect(JSON.parse(JSON.stringify(await execute({ schema, document, contextValue })))).toMatchObject({
    data: null,
    errors: [{ path: ['fails'] }],
  });
  await unhandled.check();
  expect(resolved).toBe(0);
});
