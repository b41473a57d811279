import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { Budget } from '../../src/schema/budget.ts';
import { graphql } from '../generated/index.ts';
import { type Api, createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

const TOO_MANY = (limit: number) => ({
  data: null,
  errors: [
    {
      message:
        `The answer would hold more than ${limit} sessions and messages, counted each time one appears (the limit objects). ` +
        'Ask for smaller pages or fewer levels, and page on with "after".',
      path: expect.any(Array),
      locations: expect.any(Array),
      extensions: { code: 'BUDGET_EXCEEDED' },
    },
  ],
});

/** What the message says of a mutation that was executed before its payload exceeded the budget. */
const EXECUTED = 'The mutation was executed, but its payload is missing. ';

const TOO_LONG = (limit: number, fate = '') => ({
  data: null,
  errors: [
    {
      message:
        `${fate}The answer would hold more than ${limit} bytes of text, counted each time one appears (the limit textBytes). ` +
        'Ask for smaller pages, and page on with "after".',
      path: expect.any(Array),
      locations: expect.any(Array),
      extensions: { code: 'BUDGET_EXCEEDED' },
    },
  ],
});

async function openTree(breadth: number, depth: number): Promise<SessionRepository> {
  const store = await openTestRepository();
  await growTree(store, { breadth, depth });
  return store;
}

const TWO_LEVELS = graphql(`
  query TwoLevels {
    session(id: "root") { children { nodes { id children { nodes { id } } } } }
  }
`);

test('an answer of as many objects as the budget has is given, and one of more is not', async () => {
  const store = await openTree(3, 2);
  const { session } = await createApi(store, { objects: 13 }).query(TWO_LEVELS);
  expect(session!.children.nodes.length).toBe(3);
  expect(await createApi(store, { objects: 12 }).run(TWO_LEVELS)).toEqual(TOO_MANY(12));
});

test('a level of a tree that would exceed the budget is not read', async () => {
  const { repository, calls } = watched(await openTree(3, 2));
  await createApi(repository, { objects: 12 }).run(TWO_LEVELS);
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'childrenOf']);
});

const CYCLE = graphql(`
  query Cycle {
    session(id: "root") {
      children { nodes { parent { children { nodes { parent { children { nodes { parent { id } } } } } } } } }
    }
  }
`);

test('a session that is reached again through parent or children costs each time, though it is read once', async () => {
  const { repository, calls } = watched(await openTree(3, 1));
  // 1 root, 3 children, and for each of them: 1 parent with 3 children, each with 1 parent with 3 with 1.
  const whole = 1 + 3 + 3 + 9 + 9 + 27 + 27;
  const api = createApi(repository, { objects: whole });
  await api.query(CYCLE);
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'childrenOf']);
  expect(await createApi(repository, { objects: whole - 1 }).run(CYCLE)).toEqual(TOO_MANY(whole - 1));
});

const WIDE = graphql(`
  query Wide($ids: [ID!]!) { nodes(ids: $ids) { ... on Session { parent { root { parent { id } id } id } id } } }
`);

test('a request that exceeds its budget ends with one error, however many places could fail', async () => {
  const store = await openTree(100, 1);
  const ids = Array.from({ length: 1_000 }, (_, index) => `root-${index % 100}`);
  expect(await createApi(store, { objects: 1_500 }).run(WIDE, { ids })).toEqual(TOO_MANY(1_500));
});

const NODES_AND_EDGES = graphql(`
  query NodesAndEdges {
    session(id: "root") { children { nodes { id } edges { node { id } } pageInfo { hasNextPage } totalCount } }
  }
`);

test('nodes beside edges cost twice, the rest of a connection nothing', async () => {
  const store = await openTree(3, 1);
  await createApi(store, { objects: 7 }).query(NODES_AND_EDGES);
  expect(await createApi(store, { objects: 6 }).run(NODES_AND_EDGES)).toEqual(TOO_MANY(6));
});

const ONLY_PAGE_INFO = graphql(`
  query OnlyPageInfo { session(id: "root") { children { pageInfo { hasNextPage } } } }
`);

test('a page costs what is read for it, also where none of it is shown', async () => {
  const store = await openTree(3, 1);
  await createApi(store, { objects: 4 }).query(ONLY_PAGE_INFO);
  expect(await createApi(store, { objects: 3 }).run(ONLY_PAGE_INFO)).toEqual(TOO_MANY(3));
});

const BENEATH_EACH = graphql(`
  query BeneathEach($first: Int) {
    session(id: "root") { children { nodes { descendants(first: $first) { nodes { id } } } } }
  }
`);

test('descendants that would exceed the budget are counted and not read', async () => {
  const { repository, calls } = watched(await openTree(3, 3));
  // 1 root, 3 children, 12 beneath each of them.
  await createApi(repository, { objects: 40 }).query(BENEATH_EACH, { first: 1_000 });
  expect(calls.map(([method]) => method)).toEqual([
    'findMany',
    'childrenOf',
    'countDescendants',
    'descendantsOf',
  ]);
  calls.length = 0;
  const refused = await createApi(repository, { objects: 39 }).run(BENEATH_EACH, { first: 1_000 });
  expect(refused).toEqual(TOO_MANY(39));
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'childrenOf', 'countDescendants']);
  const paged = await createApi(repository, { objects: 39 }).query(BENEATH_EACH, { first: 11 });
  expect(paged.session!.children.nodes[2]!.descendants.nodes.length).toBe(11);
});

const ABOVE_EACH = graphql(`
  query AboveEach { session(id: "root") { descendants(first: 6) { nodes { ancestors { id } } } } }
`);

test('ancestors cost, and are not read where they would exceed the budget', async () => {
  const { repository, calls } = watched(await openTree(2, 2));
  // 1 root, 6 beneath, of which 2 have 1 ancestor and 4 have 2.
  await createApi(repository, { objects: 17 }).query(ABOVE_EACH);
  calls.length = 0;
  expect(await createApi(repository, { objects: 16 }).run(ABOVE_EACH)).toEqual(TOO_MANY(16));
  expect(calls.map(([method]) => method)).toEqual(['findMany', 'descendantsOf']);
});

const HISTORIES = graphql(`
  query Histories {
    sessions { nodes { history { nodes { content } } } }
  }
`);

async function openHistories(): Promise<SessionRepository> {
  const store = await openTestRepository();
  for (const id of ['a', 'b']) {
    await store.create({ id });
    await store.append({ sessionId: id, messages: [{ role: 'USER', content: 'x'.repeat(10_000) }] });
  }
  return store;
}

test('a page of history that is too long is refused while it is read', async () => {
  const { repository, calls } = watched(await openHistories());
  const { sessions } = await createApi(repository, { textBytes: 20_000 }).query(HISTORIES);
  expect(sessions.nodes.length).toBe(2);
  expect(await createApi(repository, { textBytes: 19_999 }).run(HISTORIES)).toEqual(TOO_LONG(19_999));
  const maxBytes = calls.filter(([method]) => method === 'historyOf').map((call) => call[2]);
  expect(maxBytes).toEqual([20_000, 19_999]);
});

const SAME_HISTORY = graphql(`
  query SameHistory {
    session(id: "a") { first: history { nodes { content } } again: history { nodes { content } } }
    node(id: "a:0") { ... on Message { content } }
  }
`);

test('a message costs its text each time it appears', async () => {
  const store = await openHistories();
  await createApi(store, { textBytes: 30_000, objects: 4 }).query(SAME_HISTORY);
  const short = 29_999;
  expect(await createApi(store, { textBytes: short }).run(SAME_HISTORY)).toEqual(TOO_LONG(short));
  expect(await createApi(store, { objects: 3 }).run(SAME_HISTORY)).toEqual(TOO_MANY(3));
});

const METADATA = graphql(`
  query Metadata { session(id: "a") { metadata metadataValue(key: "text") } }
`);

const NO_METADATA = graphql(`
  query NoMetadata { session(id: "a") { id title } }
`);

test('metadata costs its text where it is asked for', async () => {
  const store = await openTestRepository();
  const { metadataBytes } = await store.create({ id: 'a', metadata: { text: 'x'.repeat(1_000) } });
  await createApi(store, { textBytes: 2 * metadataBytes }).query(METADATA);
  const short = 2 * metadataBytes - 1;
  expect(await createApi(store, { textBytes: short }).run(METADATA)).toEqual(TOO_LONG(short));
  await createApi(store, { textBytes: 1 }).query(NO_METADATA);
});

test('metadata of very many values costs the memory that they take', async () => {
  const store = await openTestRepository();
  const { metadataBytes } = await store.create({
    id: 'a',
    metadata: { text: Array.from({ length: 100 }, () => []) },
  });
  // The object, its key and its one value; the list, and each of its lists for its place and for itself.
  const memory = 32 * (1 + 2 + 1 + 200);
  expect(memory).toBeGreaterThan(15 * metadataBytes);
  await createApi(store, { textBytes: 2 * memory }).query(METADATA);
  const short = 2 * memory - 1;
  expect(await createApi(store, { textBytes: short }).run(METADATA)).toEqual(TOO_LONG(short));
});

test('metadata costs what it has when it is shown, which can be more than when its session was read', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', metadata: { text: 'x'.repeat(5_000) } });
  const grown = { text: 'x'.repeat(10_000) };
  const { repository } = watched(store, ([method]) =>
    method === 'metadataOf' ? store.update({ sessionId: 'a', metadata: grown }) : undefined,
  );
  const short = 2 * JSON.stringify(grown).length - 1;
  expect(await createApi(repository, { textBytes: short }).run(METADATA)).toEqual(TOO_LONG(short));
  await createApi(repository, { textBytes: short + 1 }).query(METADATA);
});

const SEND_AND_SEND = graphql(`
  mutation SendAndSend($text: String!) {
    first: sendMessage(input: { sessionId: "a", message: $text, response: $text }) {
      ... on SendMessagePayload { messages { content } }
    }
    second: sendMessage(input: { sessionId: "a", message: $text, response: $text }) { __typename }
  }
`);

test('a request that exceeds its budget writes nothing more', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a' });
  const refused = await createApi(store, { textBytes: 1_000 }).run(SEND_AND_SEND, {
    text: 'x'.repeat(1_000),
  });
  expect(refused).toEqual(TOO_LONG(1_000, EXECUTED));
  expect(await store.findMany(['a'])).toMatchObject([{ historyLength: 2 }]);
});

const METADATA_BEFORE_CHILDREN = graphql(`
  query MetadataBeforeChildren {
    session(id: "root") { children { nodes { metadata children { nodes { id } } } } }
  }
`);

const UPDATED = graphql(`
  mutation Updated {
    updateSession(input: { sessionId: "root", title: "A title" }) {
      ... on UpdateSessionPayload { session { children { nodes { metadata children { nodes { id } } } } } }
    }
  }
`);

test.each<[string, (api: Api) => Promise<unknown>, string]>([
  ['a query', (api) => api.run(METADATA_BEFORE_CHILDREN), ''],
  ['a mutation', (api) => api.run(UPDATED), EXECUTED],
])(
  '%s that exceeds the budget while something else is read leaves no unhandled rejection',
  async (_name, run, fate) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    const store = await openTree(10, 2);
    // The first children are still being read when the metadata of a later one exceeds the budget.
    expect(await run(createApi(store, { textBytes: 9 }))).toEqual(TOO_LONG(9, fate));
    // Node.js reports unhandled rejections in the turn after the rejection.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  },
);

test('an answer of names and ids alone counts for the whole process while it grows, in coarse steps', () => {
  const held: number[] = [];
  const budget = new Budget(DEFAULT_LIMITS, performance.now(), (bytes) => {
    held.push(bytes);
    return held.length < 5;
  });
  const grow = (scalars: number) => {
    for (let n = 0; n < scalars; n += 1) budget.chargeAnswer(100);
  };
  grow(600);
  expect(held).toEqual([]);
  grow(2_000);
  expect(held).toHaveLength(3);
  expect(held.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(196_000);
  const overloaded = expect.objectContaining({ extensions: { code: 'OVERLOADED' } });
  expect(() => grow(2_000)).toThrow(overloaded);
  // What has caught the error goes no further with its answer.
  expect(() => budget.chargeAnswer(1)).toThrow(overloaded);
});
