import { expect, test } from 'vitest';
import { ENDPOINT, openTestServer } from './support.ts';

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

test('a request is one line: what was asked, how it went, and none of what was said', async () => {
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
