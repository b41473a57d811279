import { expect, test } from 'vitest';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';

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
  const user = (content: string) => ({ role: 'USER' as const, content });
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

test('a search that asks for nothing finds nothing, and one that is too long is refused', async () => {
  const api = await openApi();
  for (const query of ['', '"*', '???'])
    expect((await api.query(SEARCH, { query })).searchMessages.nodes).toEqual([]);
  const { errors } = await api.run(SEARCH, { query: 'x'.repeat(501) });
  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('at most 500 characters, got 501'),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});

test('what a search shows is charged to the budget', async () => {
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
