import { expect, test } from 'vitest';
import type { Limits } from '../../src/model/limits.ts';
import type { SearchScopeQueryVariables } from '../generated/graphql.ts';
import { graphql } from '../generated/index.ts';
import { createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { watched } from '../support/watched-repository.ts';

const SEARCH = graphql(`
  query SearchScope(
    $query: String!
    $within: ID
    $subtree: Boolean
    $roles: [MessageRole!]
    $fields: [SearchField!]
    $filter: SessionFilter
    $includeCopies: Boolean
    $first: Int
    $after: String
  ) {
    searchMessages(
      query: $query
      within: $within
      subtree: $subtree
      roles: $roles
      fields: $fields
      filter: $filter
      includeCopies: $includeCopies
      first: $first
      after: $after
    ) {
      totalCount
      edges { snippet snippetParts { text isMatch } node { id } }
      pageInfo { endCursor }
    }
  }
`);

async function openStore() {
  const store = await openTestRepository();
  const toolCalls = [{ toolCallId: '1', name: 'read_file', arguments: { path: 'fox.ts' } }];
  await store.create({
    id: 'a',
    userId: 'ann',
    messages: [
      { role: 'USER', content: 'a <<fox>>' },
      { role: 'ASSISTANT', content: '', reasoning: 'which fox?', toolCalls },
      { role: 'EVENT', kind: 'hook', content: 'fox' },
    ],
  });
  await store.fork({ sessionId: 'a', id: 'b', asRoot: false });
  await store.archive({ sessionId: 'b', archived: true, subtree: false });
  return store;
}

async function found(variables: Omit<SearchScopeQueryVariables, 'query'>) {
  const api = createApi(await openStore());
  const { searchMessages } = await api.query(SEARCH, { query: 'fox', ...variables });
  const ids = searchMessages.edges.map(({ node }) => node.id);
  expect(searchMessages.totalCount).toBe(ids.length);
  return ids;
}

test.each<[variables: Omit<SearchScopeQueryVariables, 'query'>, ids: string[]]>([
  [{}, ['a:0', 'b:0']],
  [{ fields: null, subtree: null, includeCopies: null }, ['a:0', 'b:0']],
  [{ within: 'a', subtree: false }, ['a:0']],
  [{ includeCopies: false }, ['a:0']],
  [{ filter: { userId: 'ann', archived: 'EXCLUDE' } }, ['a:0']],
  [{ filter: { userId: 'bob' } }, []],
  [{ roles: ['EVENT'], includeCopies: false }, ['a:2']],
  [{ fields: ['REASONING'] }, ['a:1', 'b:1']],
  [{ fields: ['TOOL_CALLS', 'CONTENT'], includeCopies: false, roles: ['ASSISTANT'] }, ['a:1']],
  [{ fields: [] }, []],
])('a search for "fox" with %j finds %j', async (variables, ids) => {
  expect((await found(variables)).sort()).toEqual(ids);
});

test('a snippet is also given in parts, of the field that matches', async () => {
  const { repository, calls } = watched(await openStore());
  const api = createApi(repository);
  const parts = async (fields: SearchScopeQueryVariables['fields']) => {
    const variables = { query: 'fox', fields, within: 'a', subtree: false };
    return (await api.query(SEARCH, variables)).searchMessages.edges.map(({ node: _, ...edge }) => edge);
  };
  expect(await parts(['CONTENT'])).toEqual([
    {
      snippet: 'a <<<<fox>>>>',
      snippetParts: [
        { text: 'a <<', isMatch: false },
        { text: 'fox', isMatch: true },
        { text: '>>', isMatch: false },
      ],
    },
  ]);
  expect(await parts(['REASONING'])).toMatchObject([{ snippet: 'which <<fox>>?' }]);
  expect(await parts(['TOOL_CALLS'])).toMatchObject([{ snippet: 'read_file\n<<fox>>.ts' }]);
  // One call for both fields of an edge.
  const ref = (ordinal: number) => [{ sessionId: 'a', ordinal }];
  expect(calls.filter(([method]) => method === 'snippetsOf')).toEqual([
    ['snippetsOf', { query: 'fox', fields: ['CONTENT'] }, ref(0)],
    ['snippetsOf', { query: 'fox', fields: ['REASONING'] }, ref(1)],
    ['snippetsOf', { query: 'fox', fields: ['TOOL_CALLS'] }, ref(1)],
  ]);
});

test('parts of a snippet are charged by their own length', async () => {
  const store = await openStore();
  const search = (limits: Partial<Limits>, fields: string) =>
    createApi(store, limits).send(`{ searchMessages(query: "fox") { edges { ${fields} } } }`);
  const parts = 'snippetParts { text isMatch }';
  const aliases = Array.from({ length: 30 }, (_, n) => `a${n}: ${parts}`).join(' ');
  expect((await search({ textBytes: 100 }, parts)).errors).toBeUndefined();
  expect((await search({ textBytes: 100 }, aliases)).errors).toMatchObject([
    { extensions: { code: 'BUDGET_EXCEEDED' } },
  ]);
});

test('searches that are spelled differently and mean the same are one', async () => {
  const { repository, calls } = watched(await openStore());
  const spelled = ['', 'subtree: true', 'fields: [CONTENT, CONTENT]', 'includeCopies: true', 'fields: null'];
  const fields = spelled.map((more, n) => `s${n}: searchMessages(query: "fox", ${more}) { totalCount }`);
  const { errors } = await createApi(repository).send(`{ ${fields.join(' ')} }`);
  expect(errors).toBeUndefined();
  expect(calls.filter(([method]) => method === 'search')).toHaveLength(1);
});

test('a cursor goes with all arguments of the search that gave it', async () => {
  const api = createApi(await openStore());
  const own = {
    query: 'fox',
    within: 'a',
    fields: ['CONTENT', 'REASONING'],
    filter: { userId: 'ann' },
    first: 1,
  } satisfies SearchScopeQueryVariables;
  const after = (await api.query(SEARCH, own)).searchMessages.pageInfo.endCursor!;
  for (const same of [
    { subtree: true },
    { fields: ['REASONING', 'CONTENT'] as const },
    { includeCopies: true },
  ]) {
    const { searchMessages } = await api.query(SEARCH, {
      ...own,
      after,
      ...same,
    } as SearchScopeQueryVariables);
    expect(searchMessages.edges).toHaveLength(1);
  }
  const others: Partial<SearchScopeQueryVariables>[] = [
    { subtree: false },
    { fields: ['CONTENT'] },
    { filter: { userId: 'ann', archived: 'ONLY' } },
    { filter: null },
    { includeCopies: false },
  ];
  for (const other of others) {
    const { errors } = await api.run(SEARCH, { ...own, after, ...other });
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining('expected a cursor of this search'),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  }
});

test.each([
  ['subtree: false', 'subtree: expected a session in "within" beside false, got none'],
  ['filter: { metadata: { a: { b: { c: 1 } } } }', 'filter.metadata: expected at most 2 levels'],
])('a search with %s is refused before anything is read', async (argument, message) => {
  const { repository, calls } = watched(await openStore());
  const query = `{ store { sessionCount } searchMessages(query: "fox", ${argument}) { totalCount } }`;
  const { errors } = await createApi(repository, { metadataDepth: 2 }).send(query);
  expect(errors).toMatchObject([
    { message: expect.stringContaining(message), extensions: { code: 'BAD_USER_INPUT' } },
  ]);
  expect(calls).toEqual([]);
});
