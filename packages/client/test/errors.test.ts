import { expect, test } from 'vitest';
import { startTestServer } from '../../../test/server/running.ts';
import { mutationError } from '../src/errors.ts';
import {
  ConflictError,
  InvalidInputError,
  MutationError,
  RequestError,
  SessionArchivedError,
  SessionExistsError,
  SessionHasChildrenError,
  SessionNotFoundError,
  Sessiontree,
  SessiontreeError,
} from '../src/index.ts';
import { openClient, rejection } from './support.ts';

test('each typed error of a mutation is of the class of its type, with its fields, a code, a status and the id of the request', async () => {
  const client = await openClient();
  await client.sessions.create({ id: 's', operationId: 'one' });
  await client.sessions.spawn('s', { id: 'c' });
  await client.sessions.archive('c');
  const cases = [
    [
      () => client.sessions.create({ id: 's' }),
      SessionExistsError,
      { code: 'SESSION_EXISTS', sessionId: 's', key: null },
    ],
    [
      () => client.sessions.create({ id: 't', operationId: 'one' }),
      ConflictError,
      { code: 'CONFLICT', reason: 'OPERATION', actualVersion: null },
    ],
    [
      () => client.sessions.create({ id: '/' }),
      InvalidInputError,
      { code: 'INVALID_INPUT', issues: [{ path: ['input', 'id'], message: expect.any(String) }] },
    ],
    [
      () => client.sessions.archive('none'),
      SessionNotFoundError,
      { code: 'SESSION_NOT_FOUND', sessionId: 'none' },
    ],
    [
      () => client.sessions.delete('s'),
      SessionHasChildrenError,
      { code: 'SESSION_HAS_CHILDREN', childCount: 1 },
    ],
    [
      () => client.history.append('c', { role: 'USER' }),
      SessionArchivedError,
      { code: 'SESSION_ARCHIVED', sessionId: 'c' },
    ],
  ] as const;
  for (const [refused, Class, fields] of cases) {
    const error = (await rejection(refused())) as MutationError;
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(MutationError);
    expect(error).toBeInstanceOf(SessiontreeError);
    expect(error).toMatchObject({
      ...fields,
      typename: Class.name,
      status: 200,
      requestId: expect.any(String),
    });
    expect(error.message).not.toBe('');
    expect(String(error)).toBe(`${Class.name}: ${error.message}`);
  }
});

test('an error of a type that is newer than the client has its type, its message and its fields', () => {
  const error = mutationError({ __typename: 'QuotaUsedUpError', message: 'Enough.', limit: 3 });
  expect(error).toBeInstanceOf(MutationError);
  expect(error).toMatchObject({
    typename: 'QuotaUsedUpError',
    code: 'QUOTA_USED_UP',
    message: 'Enough.',
    limit: 3,
  });
});

test('a refused request has the code, the status and all errors of the answer', async () => {
  const client = await openClient();
  const error = await rejection(client.request('{ nothing nobody }'));
  expect(error).toBeInstanceOf(RequestError);
  expect(error).toMatchObject({
    code: 'GRAPHQL_VALIDATION_FAILED',
    status: 400,
    requestId: expect.any(String),
    errors: [{ message: expect.stringContaining('nothing') }, { message: expect.stringContaining('nobody') }],
    isRetryable: false,
  });
  const list = client.sessions.list({ after: 'no cursor' });
  expect(await rejection(list.page())).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 });
});

test.each([[null], ['Bad gateway'], [{ errors: 'Bad gateway' }], [{ errors: { code: 7 } }]])(
  'JSON of a proxy has the status as its code: %j',
  async (body) => {
    const fetch = async () => Response.json(body, { status: 502 });
    const client = new Sessiontree('http://any.example/graphql', { fetch, maxRetries: 0 });
    const error = await rejection(client.sessions.get('s'));
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ code: 'HTTP_502', status: 502, errors: [], isRetryable: true });
  },
);

test('an answer that is not of GraphQL says which URL was called', async () => {
  const { url } = await startTestServer();
  const { origin } = new URL(url);
  const health = new Sessiontree(`${origin}/livez`);
  expect(await rejection(health.sessions.get('s'))).toMatchObject({
    code: expect.stringMatching(/^HTTP_4|NOT_FOUND|METHOD/),
    message: expect.any(String),
  });
  const page = new Sessiontree('http://any.example/', {
    fetch: async () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
  });
  expect(await rejection(page.sessions.get('s'))).toMatchObject({
    code: 'NOT_GRAPHQL',
    status: 200,
    message: expect.stringContaining('http://any.example/, got: status 200, text/html'),
  });
});
