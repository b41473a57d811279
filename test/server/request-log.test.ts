import { expect, test } from 'vitest';
import { historyCursor } from '../../src/schema/cursor.ts';
import { ENDPOINT, type LogLine, openTestServer } from './support.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test("a client's request id is kept, in the answer and in the log", async () => {
  const { post, logs } = await openTestServer();
  const response = await post('{ __typename }', { 'x-request-id': 'Trace_1.2-3' });
  expect(response.headers.get('x-request-id')).toBe('Trace_1.2-3');
  expect(logs).toMatchObject([{ requestId: 'Trace_1.2-3' }]);
});

test.each(['', 'a b', 'x'.repeat(129), 'a\tb', 'ü', '{"a":1}'])(
  'a request id that could garble the log (%j) is replaced',
  async (id) => {
    const { post, logs } = await openTestServer();
    const response = await post('{ __typename }', { 'x-request-id': id });
    expect(response.headers.get('x-request-id')).toMatch(UUID);
    expect(logs).toMatchObject([{ requestId: response.headers.get('x-request-id') }]);
  },
);

test('each request has an id of its own', async () => {
  const { post } = await openTestServer();
  const ids = await Promise.all(
    [1, 2].map(async () => (await post('{ __typename }')).headers.get('x-request-id')),
  );
  expect(new Set(ids).size).toBe(2);
});

test('a request is one line of the log: what was asked, how it went, and none of its contents', async () => {
  const { post, logs } = await openTestServer();
  const query = `mutation Create($input: CreateSessionInput!) { createSession(input: $input) { __typename } }`;
  await post(query, {}, { input: { title: 'my-secret', metadata: { key: 'my-secret' } } });
  expect(logs).toEqual([
    {
      level: 30,
      time: expect.any(Number),
      requestId: expect.stringMatching(UUID),
      method: 'POST',
      path: '/graphql',
      operation: 'mutation',
      operationName: 'Create',
      status: 200,
      milliseconds: expect.any(Number),
      msg: 'request',
    },
  ]);
});

test('a request that is refused says why in codes, and its path without the query', async () => {
  const { fetch, post, logs } = await openTestServer();
  await fetch({ headers: { origin: 'https://evil.example' } }, `${ENDPOINT}?query=my-secret`);
  await post('{ mySecret }');
  await fetch({}, 'http://localhost:4000/other?my-secret');
  expect(logs.map(({ method, path, status, errors }) => ({ method, path, status, errors }))).toEqual([
    { method: 'GET', path: '/graphql', status: 403, errors: ['ORIGIN_NOT_ALLOWED'] },
    { method: 'POST', path: '/graphql', status: 400, errors: ['GRAPHQL_VALIDATION_FAILED'] },
    { method: 'GET', path: '/other', status: 404, errors: ['NOT_FOUND'] },
  ]);
});

test('an operation without a name is told by its first fields', async () => {
  const { post, logs } = await openTestServer();
  await post(
    '{ a: store { version } store { version } sessions { totalCount } nodes(ids: []) { id } node(id: "x") { id } }',
  );
  await post('query Named { store { version } }');
  expect(logs.map(({ fields }) => fields)).toEqual([['store', 'store', 'sessions'], undefined]);
});

const reasons = ({ errors, messages }: LogLine) => ({ errors, messages });

test.each([
  [
    '{ nope }',
    'GRAPHQL_VALIDATION_FAILED',
    ['Cannot query field "nope" on type "Query". Did you mean "node" or "nodes"?'],
  ],
  ['{ store { version }', 'GRAPHQL_PARSE_FAILED', ['Syntax Error: Expected Name, found <EOF>.']],
  [
    '{ a { a } b { b } c { c } d { d } e { e } }',
    'GRAPHQL_VALIDATION_FAILED',
    [...['a', 'b', 'c'].map((field) => `Cannot query field "${field}" on type "Query".`), 'and 2 more'],
  ],
  [
    `{ ${'x'.repeat(5_000)} }`,
    'GRAPHQL_VALIDATION_FAILED',
    [`${`Cannot query field "${'x'.repeat(5_000)}`.slice(0, 256)}…`],
  ],
])('a refused document (%#) says why, in bounds', async (query, code, messages) => {
  const { post, logs } = await openTestServer();
  await post(query);
  expect(logs.map(reasons)).toEqual([{ errors: [code], messages }]);
});

test('a refused request says what to do', async () => {
  const { fetch, logs } = await openTestServer();
  await fetch({ headers: { origin: 'https://app.example' } }, `${ENDPOINT}?query={a}`);
  expect(logs.map(reasons)).toEqual([
    { errors: ['ORIGIN_NOT_ALLOWED'], messages: [expect.stringContaining('--allow-origin')] },
  ]);
});

test.each([
  [
    'a variable',
    'BAD_USER_INPUT',
    'query ($first: Int) { sessions(first: $first) { totalCount } }',
    { first: 'my-secret' },
  ],
  [
    'a field of a variable',
    'BAD_USER_INPUT',
    'mutation ($input: CreateSessionInput!) { createSession(input: $input) { __typename } }',
    { input: { title: ['my-secret'] } },
  ],
  [
    'an unknown field beside it',
    'BAD_USER_INPUT',
    'mutation ($input: CreateSessionInput!) { createSession(input: $input) { __typename } }',
    { input: { other: 1, title: 'my-secret' } },
  ],
  ['an argument', 'BAD_USER_INPUT', '{ sessions(after: "my-secret") { totalCount } }'],
  [
    'a literal of another type',
    'GRAPHQL_VALIDATION_FAILED',
    '{ sessions(first: "my-secret") { totalCount } }',
  ],
  [
    'a literal object',
    'GRAPHQL_VALIDATION_FAILED',
    'mutation { createSession(input: "my-secret") { __typename } }',
  ],
  [
    'an unknown field beside a literal',
    'GRAPHQL_VALIDATION_FAILED',
    'mutation { createSession(input: { other: 1, title: "my-secret" }) { __typename } }',
  ],
  [
    'a literal of a scalar',
    'BAD_USER_INPUT',
    '{ sessions(filter: { createdAfter: "my-secret" }) { totalCount } }',
  ],
  [
    'a literal enum',
    'GRAPHQL_VALIDATION_FAILED',
    '{ sessions(orderBy: { field: "my-secret", direction: ASC }) { totalCount } }',
  ],
  ['a text too many', 'GRAPHQL_PARSE_FAILED', '{ session(id: "a" "my-secret") { id } }'],
  [
    'a block of text too many',
    'GRAPHQL_PARSE_FAILED',
    '{ session(id: "a" """my\n-secret my-secret""") { id } }',
  ],
  ['a number too many', 'GRAPHQL_PARSE_FAILED', 'query 12345678 { a }'],
  [
    'a typed error',
    'InvalidInputError',
    'mutation { createSession(input: { id: "my-secret!" }) { __typename } }',
  ],
])('no value gets into the log: %s', async (_name, refused, query, variables: object = {}) => {
  const { post, logs } = await openTestServer();
  expect(await (await post(query, {}, variables)).text()).toContain(`"${refused}"`);
  expect(logs).toHaveLength(1);
  expect(JSON.stringify(logs)).not.toMatch(/secret|12345678/);
});

test('a mutation that answers with a typed error says which, whatever was asked of it', async () => {
  const { post, logs } = await openTestServer();
  const create = (id: string) => `createSession(input: { id: "${id}" }) { __typename }`;
  const refused = () => logs.map((line) => line.refused);
  await post(
    `mutation Twice { __typename a: ${create('logged')} b: ${create('logged')} c: ${create('other')} }`,
  );
  await post('mutation { spawnSession(input: { parentId: "nobody" }) { ... on Error { message } } }');
  await post(`mutation { ${create('logged')} ...More } fragment More on Mutation { d: ${create('no id')} }`);
  await post(`mutation { ${create('made')} spawnSession(input: { parentId: "nobody" }) { __typename } }`);
  await post('{ session(id: "nobody") { id } }');
  expect(refused()).toEqual([
    ['createSession SessionExistsError'],
    ['spawnSession SessionNotFoundError'],
    ['createSession SessionExistsError', 'createSession InvalidInputError'],
    ['spawnSession SessionNotFoundError'],
    undefined,
  ]);
});

test('a mutation is in the log once, also with an error beside it', async () => {
  const { post, logs, repository } = await openTestServer();
  // Only the execution of the field finds that a cursor belongs to another session.
  const after = historyCursor(repository, 'another').encode(0);
  const create = 'createSession(input: { id: "a b" }) { __typename }';
  await post(
    `mutation { ${create} again: createSession(input: { id: "fine" }) { ... on CreateSessionPayload { session { history(after: "${after}") { nodes { id } } } } } }`,
  );
  expect(logs).toMatchObject([{ errors: ['BAD_USER_INPUT'], refused: ['createSession InvalidInputError'] }]);
});
