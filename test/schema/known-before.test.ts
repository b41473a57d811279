import { expect, test } from 'vitest';
import { childrenCursor, searchCursor, sessionsCursor } from '../../src/schema/cursor.ts';
import { GRAPHQL_RESPONSE, JSON_TYPE, openTestServer } from '../server/support.ts';
import { type Api, type ApiError, createApi } from '../support/api.ts';
import { openTestRepository } from '../support/repository.ts';
import { growTree } from '../support/tree.ts';
import { watched } from '../support/watched-repository.ts';

async function openApi() {
  const { repository, calls } = watched(await openTestRepository());
  await growTree(repository, { breadth: 2, depth: 2 });
  calls.length = 0;
  return { api: createApi(repository), calls, repository };
}

/** The errors of a request that was refused before execution. */
async function refused(api: Api, query: string, variables?: object): Promise<readonly ApiError[]> {
  const { errors, ...rest } = await api.send(query, variables);
  expect(rest).toEqual({});
  for (const { extensions } of errors!) expect(extensions).toEqual({ code: 'BAD_USER_INPUT' });
  return errors!;
}

const path = (...keys: string[]) => ({ path: keys });

/** Fields of a session, each with one fault that can be found before execution. */
const WRONG_OF_A_SESSION = [
  'children(first: 1001) { totalCount }',
  'children(last: -1) { totalCount }',
  'children(first: 1, last: 1) { totalCount }',
  'children(after: "x") { totalCount }',
  'children(before: "") { totalCount }',
  'descendants(first: 10001) { totalCount }',
  'descendants(maxDepth: -1) { totalCount }',
  'descendants(last: 1, before: "x") { totalCount }',
  'history(first: 1001) { totalCount }',
  'history(last: 1001) { totalCount }',
  'history(first: 1, last: 1, roles: [USER]) { totalCount }',
  'history(after: "x") { totalCount }',
];

test.each(WRONG_OF_A_SESSION)('%s is refused before anything is read', async (field) => {
  const { api, calls } = await openApi();
  const name = field.replace(/\(.*/, '');
  const [error, ...others] = await refused(
    api,
    `{ store { sessionCount } session(id: "root") { children { nodes { id wrong: ${field} } } } }`,
  );
  expect(error).toMatchObject(path('session', 'children', 'nodes', 'wrong'));
  expect(others).toEqual([]);
  expect(await refused(api, `{ node(id: "none") { ... on Session { ${field} } } }`)).toMatchObject([
    path('node', name),
  ]);
  expect(calls).toEqual([]);
});

test.each([
  ['sessions(first: -1) { totalCount }', 'sessions'],
  ['sessions(first: 1001) { totalCount }', 'sessions'],
  ['sessions(last: 1, first: 1) { totalCount }', 'sessions'],
  ['sessions(after: "x") { totalCount }', 'sessions'],
  ['sessions(filter: { userId: "\\u0000" }) { totalCount }', 'sessions'],
  [`sessions(filter: { parentId: "${'x'.repeat(257)}" }) { totalCount }`, 'sessions'],
  [`searchMessages(query: "${'x'.repeat(501)}") { isComplete }`, 'searchMessages'],
  ['searchMessages(query: "x", first: 1001) { isComplete }', 'searchMessages'],
  ['searchMessages(query: "x", first: -1) { isComplete }', 'searchMessages'],
  ['searchMessages(query: "x", after: "x") { isComplete }', 'searchMessages'],
  [`nodes(ids: ${JSON.stringify(Array(1_001).fill('a'))}) { id }`, 'nodes'],
])('a field at the root is refused before anything is read: %#', async (field, name) => {
  const { api, calls } = await openApi();
  expect(await refused(api, `{ session(id: "root") { id } ${field} }`)).toMatchObject([path(name)]);
  expect(calls).toEqual([]);
});

test('a cursor of another order is refused before anything is read', async () => {
  const { api, calls, repository } = await openApi();
  const oldest = sessionsCursor(repository, { field: 'CREATED_AT', direction: 'ASC' });
  const after = oldest.encode({ time: 1, sequence: 1 });
  await refused(api, `{ session(id: "root") { id } sessions(after: "${after}") { totalCount } }`);
  expect(calls).toEqual([]);
});

test('all arguments that are wrong are said at once, each with its place in the answer and in the document', async () => {
  const { api } = await openApi();
  const query = `query ($first: Int, $depth: Int = -2) {
  root: session(id: "root") {
    kids: children(first: $first) { nodes { ...Wrong ... on Session { history(after: "x", last: -1) { totalCount } } } }
  }
  ...All
}
fragment Wrong on Session { descendants(maxDepth: $depth, first: 20000) { totalCount } }
fragment All on Query { sessions(first: -1) { nodes { ...Wrong } } }`;
  expect(await refused(api, query, { first: 3_000 })).toMatchObject([
    {
      message: 'first: expected at most 1000 (the limit pageSize), got 3000. Ask for less and page on.',
      ...path('root', 'kids'),
      locations: [{ line: 3, column: 5 }],
    },
    { message: 'maxDepth: expected 0 or more, got -2.', ...path('root', 'kids', 'nodes', 'descendants') },
    {
      message: expect.stringMatching(/^first: expected at most 10000/),
      locations: [{ line: 7, column: 29 }],
    },
    { message: 'last: expected 0 or more, got -1.', ...path('root', 'kids', 'nodes', 'history') },
    { message: expect.stringMatching(/^after: expected a cursor/) },
    path('sessions'),
    path('sessions', 'nodes', 'descendants'),
    path('sessions', 'nodes', 'descendants'),
  ]);
});

test('a wrong argument of a field that @skip or @include leaves out is no error', async () => {
  const { api } = await openApi();
  const query = `query ($no: Boolean!, $first: Int) {
    session(id: "root") {
      id
      children(first: $first) @include(if: $no) { totalCount }
      ... @skip(if: true) { history(first: -1) { totalCount } }
      ...Wrong @include(if: $no)
      parent @include(if: $no) { children(first: -1) { totalCount } }
    }
  }
  fragment Wrong on Session { descendants(first: -1) { totalCount } }`;
  const { data, errors } = await api.send(query, { no: false, first: -1 });
  expect({ data, errors }).toEqual({ data: { session: { id: 'root' } } });
  expect(await refused(api, query, { no: true, first: -1 })).toHaveLength(3);
});

test('a mutation with a wrong argument in its selection writes nothing', async () => {
  const { api, calls } = await openApi();
  const query = `mutation ($input: CreateSessionInput!, $n: Int) {
    one: createSession(input: $input) { __typename }
    two: createSession(input: {}) { ... on CreateSessionPayload { session { children(first: $n) { totalCount } } } }
  }`;
  expect(await refused(api, query, { input: { id: 'a' }, n: 1_001 })).toMatchObject([
    path('two', 'session', 'children'),
  ]);
  expect(calls).toEqual([]);
  const taken = await api.send(query, { input: { id: 'a' }, n: 1_000 });
  expect(taken.errors).toBeUndefined();
});

test('a null for a variable that may be left out is refused before anything is read, where null may not stand', async () => {
  const { api, calls } = await openApi();
  const query =
    'query ($id: ID = "root", $q: String = "x") { session(id: $id) { id } searchMessages(query: $q) { isComplete } }';
  expect(await refused(api, query, { id: null, q: null })).toMatchObject([
    path('session'),
    path('searchMessages'),
  ]);
  expect(calls).toEqual([]);
  expect((await api.send(query)).errors).toBeUndefined();
});

test('an error that only execution can find is null in its place, beside the rest of the answer', async () => {
  const { api, repository } = await openApi();
  const after = childrenCursor(repository, 'another').encode(1);
  const { data, errors } = await api.send(
    'query ($after: String) { store { sessionCount } session(id: "root") { children(after: $after) { totalCount } } }',
    { after },
  );
  expect(data).toEqual({ store: { sessionCount: 7 }, session: null });
  expect(errors).toMatchObject([{ path: ['session', 'children'], extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('limits of arguments are those of the server that is asked, though another one knows the document', async () => {
  const { repository } = await openApi();
  const query = '{ session(id: "root") { children(first: 5) { totalCount } } }';
  const [wide, narrow] = [createApi(repository), createApi(repository, { pageSize: 4 })];
  for (let time = 0; time < 3; time += 1) {
    expect((await wide.send(query)).errors).toBeUndefined();
    expect(await refused(narrow, query)).toHaveLength(1);
  }
});

test('a field that stands in millions of places is refused at once, with the first twenty', async () => {
  const { api } = await openApi();
  const levels = Array.from(
    { length: 40 },
    (_, n) => `fragment F${n} on Session { parent { ...F${n + 1} } root { ...F${n + 1} } }`,
  );
  const query = `{ session(id: "root") { ...F0 } } ${levels.join(' ')} fragment F40 on Session { children(first: -1) { totalCount } }`;
  const errors = await refused(api, query);
  expect(errors).toHaveLength(20);
  expect(new Set(errors.map((error) => error.path!.join())).size).toBe(20);
});

test('a query of megabytes is refused at once, in however many fields and with whatever cursor', async () => {
  const { api, calls, repository } = await openApi();
  const variables = {
    q: 'one two '.repeat(500_000),
    after: searchCursor(repository, { query: 'x', within: null, roles: null }).encode({
      ranking: 'r',
      place: 1,
    }),
    yes: true,
  };
  const fields = Array.from(
    { length: 100 },
    (_, n) =>
      `s${n}: searchMessages(query: $q, after: $after) @skip(if: ${n > 80 ? '$yes' : 'false'}) { isComplete }`,
  );
  const query = `query ($q: String!, $after: String, $yes: Boolean!) { ${fields.join(' ')} }`;
  const errors = await refused(api, query, variables);
  expect(errors.map(({ path }) => path)).toEqual(Array.from({ length: 20 }, (_, n) => [`s${n}`]));
  expect(calls).toEqual([]);
});

test('a wrong argument is answered with status 400, and with 200 for a client that asks for application/json', async () => {
  const { fetch } = await openTestServer();
  const body = JSON.stringify({ query: '{ session(id: "a") { children(first: 3000) { totalCount } } }' });
  for (const [accept, status] of [
    [GRAPHQL_RESPONSE, 400],
    ['application/json', 200],
  ] as const) {
    for (let time = 0; time < 3; time += 1) {
      const response = await fetch({ method: 'POST', headers: { ...JSON_TYPE, accept }, body });
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({
        errors: [
          {
            message: 'first: expected at most 1000 (the limit pageSize), got 3000. Ask for less and page on.',
            locations: [{ line: 1, column: 22 }],
            path: ['session', 'children'],
            extensions: { code: 'BAD_USER_INPUT' },
          },
        ],
      });
    }
  }
});
