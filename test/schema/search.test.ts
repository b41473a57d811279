import { expect, test } from 'vitest';
import type { Limits } from '../../src/model/limits.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { searchCursor } from '../../src/schema/cursor.ts';
import type { SearchPageQuery } from '../generated/graphql.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const SEARCH = graphql(`
  query SearchPage($query: String!, $within: ID, $roles: [MessageRole!], $first: Int, $after: String) {
    searchMessages(query: $query, within: $within, roles: $roles, first: $first, after: $after) {
      isComplete
      edges { cursor snippet node { id session { title } } }
      nodes { id }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`);

async function openApi() {
  const store = await openTestRepository();
  await store.create({ id: 'a', title: 'A' });
  await store.create({ id: 'b', title: 'B', parentId: 'a' });
  await store.append({ sessionId: 'a', messages: [user('The Fox.'), user('请帮我分析这份数据报告')] });
  await store.append({ sessionId: 'b', messages: [{ role: 'ASSISTANT', content: 'A fox, and a red fox!' }] });
  return createApi(store);
}

test('a search gives messages with the match marked, and their sessions', async () => {
  const api = await openApi();
  const { searchMessages } = await api.query(SEARCH, { query: 'fox' });
  expect(searchMessages.isComplete).toBe(true);
  expect(searchMessages.edges.map(({ snippet, node }) => [snippet, node])).toEqual([
    ['A <<fox>>, and a red <<fox>>!', { id: 'b:0', session: { title: 'B' } }],
    ['The <<Fox>>.', { id: 'a:0', session: { title: 'A' } }],
  ]);
  expect(searchMessages.nodes).toEqual([{ id: 'b:0' }, { id: 'a:0' }]);
  const chinese = await api.query(SEARCH, { query: '数据', within: 'a', roles: ['USER'] });
  expect(chinese.searchMessages.edges).toMatchObject([{ snippet: '请帮我分析这份<<数据>>报告' }]);
});

test('the searches of one request run one after the other, and equal ones once', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { repository, calls } = watched(await openTestRepository(), ([name]) => {
    if (name !== 'search') return undefined;
    begin();
    return released;
  });
  const searches = ['fox', 'fox', 'red', 'dog'].map(
    (query, n) => `s${n}: searchMessages(query: "${query}") { nodes { id } }`,
  );
  const answer = createApi(repository).send(`{ ${searches.join(' ')} }`);
  await begun;
  await repository.status();
  const queries = () => calls.flatMap(([name, request]) => (name === 'search' ? [request] : []));
  expect(queries()).toMatchObject([{ query: 'fox' }]);
  release();
  expect(await answer).not.toHaveProperty('errors');
  expect(queries()).toMatchObject([{ query: 'fox' }, { query: 'red' }, { query: 'dog' }]);
});

test('a search is paged to its end', async () => {
  const api = await openApi();
  const first = (await api.query(SEARCH, { query: 'fox', first: 1 })).searchMessages;
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  const after = first.pageInfo.endCursor!;
  const second = (await api.query(SEARCH, { query: 'fox', first: 1, after })).searchMessages;
  expect(second.nodes).toEqual([{ id: 'a:0' }]);
  expect(second.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  const { errors } = await api.run(SEARCH, { query: 'fox', after: 'nonsense' });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

const user = (content: string) => ({ role: 'USER' as const, content });

async function firstPage(store: SessionRepository, query: string, first: number) {
  const api = createApi(store);
  const { searchMessages } = await api.query(SEARCH, { query, first });
  return { api, after: searchMessages.pageInfo.endCursor!, ids: searchMessages.nodes.map(({ id }) => id) };
}

test('each message that stood at the first page is shown once, while others write', async () => {
  const store = await openTestRepository();
  await store.create({
    id: 'a',
    messages: Array.from({ length: 40 }, (_, n) => user(`fox ${'word '.repeat(n)}`)),
  });
  const { api, ids, after: first } = await firstPage(store, 'fox', 10);
  for (let after: string | null = first; after; ) {
    await store.create({ messages: [user('fox fox fox'), user('word '.repeat(1_000)), user('a fox word')] });
    const page: SearchPageQuery = await api.query(SEARCH, { query: 'fox', first: 10, after });
    const { nodes, pageInfo } = page.searchMessages;
    ids.push(...nodes.map(({ id }) => id));
    after = pageInfo.hasNextPage ? pageInfo.endCursor! : null;
  }
  expect(ids).toEqual(Array.from({ length: 40 }, (_, n) => `a:${n}`));
});

test.each([
  ['deleted', (store: SessionRepository) => store.delete({ sessionId: 'a', mode: 'RESTRICT' })],
  [
    'rolled back',
    (store: SessionRepository) =>
      store.truncate({ sessionId: 'a', keep: 0 }, { messages: 1_000, bytes: 1_000_000 }),
  ],
])('the second page is full where the session of the first was %s', async (_, take) => {
  const store = await openTestRepository();
  await store.create({ id: 'b', messages: Array.from({ length: 10 }, () => user('the fox')) });
  await store.create({ id: 'a', messages: Array.from({ length: 10 }, () => user('fox')) });
  const { api, after, ids } = await firstPage(store, 'fox', 10);
  expect(ids).toEqual(Array.from({ length: 10 }, (_, n) => `a:${9 - n}`));
  await take(store);
  const { nodes, pageInfo } = (await api.query(SEARCH, { query: 'fox', first: 10, after })).searchMessages;
  expect(nodes).toEqual(Array.from({ length: 10 }, (_, n) => ({ id: `b:${9 - n}` })));
  expect(pageInfo.hasNextPage).toBe(false);
});

test('a number is found beside newer messages that have it within brackets', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [user('7'), ...Array.from({ length: 60 }, () => user('item ⑺'))] });
  const api = createApi(store);
  const first = (await api.query(SEARCH, { query: '7' })).searchMessages;
  expect(first.edges).toHaveLength(50);
  expect(first.edges.map(({ snippet }) => snippet)).toContain('item <<⑺>>');
  const after = first.pageInfo.endCursor!;
  const { edges } = (await api.query(SEARCH, { query: '7', after })).searchMessages;
  expect(new Set([...first.edges, ...edges].map(({ node }) => node.id)).size).toBe(61);
});

test('a message that goes while a page is being read leaves its place to another', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'b', messages: [user('the fox')] });
  await store.create({ id: 'a', messages: [user('fox')] });
  const { repository } = watched(store, ([method]) =>
    method === 'findMany' ? store.delete({ sessionId: 'a', mode: 'RESTRICT' }).catch(() => null) : undefined,
  );
  const { searchMessages } = await createApi(repository).query(SEARCH, { query: 'fox', first: 1 });
  expect(searchMessages.nodes).toEqual([{ id: 'b:0' }]);
});

test('a cursor goes with the search that gave it', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [user('fox one'), user('fox two'), user('fox three')] });
  const { api, after } = await firstPage(store, 'fox', 1);
  const again = await api.query(SEARCH, { query: ' FOX fóx', first: 1, after });
  expect(again.searchMessages.nodes).toHaveLength(1);
  for (const other of [
    { query: 'one' },
    { query: 'fox', within: 'a' },
    { query: 'fox', roles: ['USER' as const] },
  ]) {
    const { errors } = await api.run(SEARCH, { ...other, after });
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining(
          'expected a cursor of this search, got one of a search with another',
        ),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  }
});

test('a cursor whose search is not kept says to search again', async () => {
  const store = await openTestRepository();
  const api = createApi(store);
  const forgotten = searchCursor(store, { query: 'fox' }).encode({ ranking: 'gone', place: 1 });
  const { errors } = await api.run(SEARCH, { query: 'fox', after: forgotten });
  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('Search again without it'),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});

test('a search that asks for nothing finds nothing', async () => {
  const api = await openApi();
  for (const query of ['', '"*', '???'])
    expect((await api.query(SEARCH, { query })).searchMessages.nodes).toEqual([]);
});

test.each([
  ['x'.repeat(501), 'at most 500 characters (the limit queryLength), got 501'],
  [
    Array.from({ length: 51 }, (_, n) => n).join(' '),
    'at most 50 words and phrases (the limit queryWords), got 51',
  ],
  [
    '狐'.repeat(101),
    'at most 100 words, or characters of a script without spaces (the limit queryTokens), got 101',
  ],
  [
    [...'abcdefghi'].join('* ').concat('*'),
    'at most 8 words and phrases that end in "*" (the limit queryPrefixes), got 9',
  ],
])('a search that asks for too much is refused: %s', async (query, message) => {
  const { errors } = await (await openApi()).run(SEARCH, { query });
  expect(errors).toMatchObject([
    { message: expect.stringContaining(message), extensions: { code: 'BAD_USER_INPUT' } },
  ]);
});

test.each([
  'fox '.repeat(125),
  '狐'.repeat(100),
  '"',
  Array.from({ length: 50 }, (_, n) => `fox${n}`).join(' '),
])('a search for as much as it may is answered: %s', async (query) => {
  const { errors } = await (await openApi()).run(SEARCH, { query });
  expect(errors).toBeUndefined();
});

test('snippets are made where they are asked for, many at a time', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: Array.from({ length: 60 }, () => user('fox')) });
  const { repository, calls } = watched(store);
  const api = createApi(repository);
  const snippets = () =>
    calls.flatMap(([method, , refs]) => (method === 'snippetsOf' ? [(refs as []).length] : []));
  await api.send('{ searchMessages(query: "fox") { nodes { id } edges { cursor } } }');
  expect(snippets()).toEqual([]);
  await api.send('{ searchMessages(query: "fox", first: 60) { edges { snippet again: snippet } } }');
  expect(snippets()).toEqual([50, 10]);
});

test('a snippet is charged by its own length', async () => {
  const store = await openTestRepository();
  await store.create({ id: 'a', messages: [user('fox')] });
  const search = (limits: Partial<Limits>, fields: string) =>
    createApi(store, limits).send(`{ searchMessages(query: "fox") { edges { ${fields} } } }`);
  const aliases = Array.from({ length: 90 }, (_, n) => `a${n}: snippet`).join(' ');
  expect((await search({ textBytes: 400 }, 'snippet')).errors).toBeUndefined();
  const { errors } = await search({ textBytes: 400 }, aliases);
  expect(errors?.[0]).toMatchObject({ extensions: { code: 'BUDGET_EXCEEDED' } });
});

test('messages that a search shows are charged to the budget', async () => {
  const store = await openTestRepository();
  await store.create({
    messages: Array.from({ length: 9 }, () => ({ role: 'USER' as const, content: 'fox' })),
  });
  const { errors } = await createApi(store, { objects: 5 }).run(SEARCH, { query: 'fox' });
  expect(errors).toMatchObject([{ extensions: { code: 'BUDGET_EXCEEDED' } }]);
});

test('where there is no search for the moment, the client is told to try again', async () => {
  const store = await openTestRepository();
  await store.close();
  const { errors } = await createApi(store).send('{ searchMessages(query: "fox") { isComplete } }');
  expect(errors).toMatchObject([
    { message: expect.stringContaining('Try again'), extensions: { code: 'SEARCH_UNAVAILABLE' } },
  ]);
});
