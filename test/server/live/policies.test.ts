import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { send } from '../../support/http-client.ts';
import { JSON_TYPE, type TestServerOptions } from '../support.ts';
import { EVENT_STREAM, openLive, openSocket, WATCH } from './support.ts';

type Refused = [name: string, status: number, code: string, headers: Record<string, string>, path?: string];

const OF_THE_HEAD: readonly Refused[] = [
  ['a foreign Origin', 403, 'ORIGIN_NOT_ALLOWED', { origin: 'https://evil.example' }],
  ['a page of another site', 403, 'ORIGIN_NOT_ALLOWED', { 'sec-fetch-site': 'cross-site' }],
  ['an Origin that is null', 403, 'ORIGIN_NOT_ALLOWED', { origin: 'null' }],
  ['a Host that is not its own', 403, 'HOST_NOT_ALLOWED', { host: 'evil.example' }],
  ['an unknown path', 404, 'NOT_FOUND', {}, '/other'],
  ['the path of a probe', 404, 'NOT_FOUND', {}, '/health'],
];

describe('the request that opens a WebSocket is refused for', () => {
  test.each(OF_THE_HEAD)('%s', async (_name, status, code, headers, path = '/graphql') => {
    const { socketUrl, lines } = await openLive();
    const ws = new WebSocket(socketUrl.replace('/graphql', path), 'graphql-transport-ws', { headers });
    ws.on('error', () => {});
    const [, response] = await once(ws, 'unexpected-response');
    const chunks = await response.toArray();
    expect(response.statusCode).toBe(status);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({
      errors: [{ extensions: { code } }],
    });
    expect(response.headers['x-request-id']).toMatch(/^[\w-]+$/);
    expect(lines).toMatchObject([{ msg: 'request', method: 'GET', path, status, errors: [code] }]);
  });

  test('a version of the protocol that is none', async () => {
    const { port } = await openLive();
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '7',
      'sec-websocket-key': 'x',
    };
    const answer = await send(port, { method: 'GET', headers });
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain('BAD_REQUEST');
  });
});

test('an allowed Origin, and its own, may open a WebSocket', async () => {
  const { socketUrl, port } = await openLive({ allowedOrigins: ['https://app.example'] });
  for (const origin of ['https://app.example', `http://127.0.0.1:${port}`]) {
    const socket = await openSocket(socketUrl, { headers: { origin } });
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
    expect(await socket.next()).toEqual({
      id: '1',
      type: 'next',
      payload: { data: { __typename: 'Query' } },
    });
  }
});

describe('a request for a stream is refused for', () => {
  test.each(OF_THE_HEAD)('%s', async (_name, status, code, headers, path = '/graphql') => {
    const { port, subscriptions } = await openLive();
    const body = JSON.stringify({ query: WATCH });
    const answer = await send(port, { path, headers: { ...JSON_TYPE, ...EVENT_STREAM, ...headers }, body });
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toContain(code);
    expect(subscriptions()).toBe(0);
  });
});

const ALIASED = `subscription { sessionChanges { ${Array.from({ length: 101 }, (_, n) => `a${n}: cursor`).join(' ')} } }`;

const OF_OPERATIONS: readonly [name: string, code: string, params: object, options?: TestServerOptions][] = [
  ['depth', 'QUERY_TOO_DEEP', { query: WATCH }, { limits: { depth: 3 } }],
  ['brackets', 'QUERY_TOO_DEEP', { query: `subscription ${'{ a '.repeat(401)}` }],
  ['tokens', 'TOO_MANY_TOKENS', { query: WATCH }, { limits: { tokens: 10 } }],
  ['aliases', 'TOO_MANY_ALIASES', { query: ALIASED }],
  ['length', 'DOCUMENT_TOO_LONG', { query: WATCH }, { limits: { documentLength: 50 } }],
  [
    'two fields',
    'GRAPHQL_VALIDATION_FAILED',
    { query: 'subscription { a: sessionChanges { cursor } b: sessionChanges { cursor } }' },
  ],
  ['unknown parameters', 'BAD_REQUEST', { query: WATCH, more: 1 }],
  ['arguments', 'BAD_USER_INPUT', { query: 'subscription { sessionChanges(within: "no id!") { cursor } }' }],
  [
    'arguments beneath',
    'BAD_USER_INPUT',
    { query: 'subscription { sessionChanges { changes { messages(first: 100000) { id } } } }' },
  ],
  ['mutations', 'TOO_MANY_MUTATIONS', { query: mutations(2) }, { limits: { mutations: 1 } }],
  [
    'the hash of another document',
    'PERSISTED_QUERY_MISMATCH',
    { query: WATCH, extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } },
  ],
  ['an operation that is not there', 'OPERATION_RESOLUTION_FAILURE', { query: WATCH, operationName: 'Nope' }],
];

function mutations(count: number): string {
  const fields = Array.from(
    { length: count },
    (_, n) => `m${n}: updateSession(input: { sessionId: "none" }) { __typename }`,
  );
  return `mutation { ${fields.join(' ')} }`;
}

describe('an operation is refused the same over WebSocket and as a stream, for its', () => {
  test.each(OF_OPERATIONS)('%s', async (_name, code, params, options) => {
    const { url, socketUrl, subscriptions } = await openLive(options);
    const socket = await openSocket(socketUrl);
    // The second time the document could be a known one.
    for (const id of ['1', '2']) {
      socket.send({ id, type: 'subscribe', payload: params });
      const refused = await socket.next();
      expect(refused).toMatchObject({ id, type: 'error', payload: [{ extensions: { code } }] });
      const errors = refused.payload as { extensions: object }[];
      expect(errors.every(({ extensions }) => !('http' in extensions))).toBe(true);
      const body = JSON.stringify(params);
      const response = await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...EVENT_STREAM }, body });
      expect(response.ok).toBe(false);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
    }
    expect(subscriptions()).toBe(0);
  });
});

test('a mutation over WebSocket is no mutation by GET', async () => {
  const { socketUrl } = await openLive();
  const socket = await openSocket(socketUrl);
  socket.send({ id: '1', type: 'subscribe', payload: { query: mutations(1) } });
  expect(await socket.next()).toMatchObject({
    type: 'next',
    payload: { data: { m0: { __typename: 'SessionNotFoundError' } } },
  });
});

test('ten thousand refused subscriptions leave none subscribed', async () => {
  const { url, subscriptions, repository } = await openLive();
  let listeners = 0;
  const { onChange } = repository;
  repository.onChange = (listener) => {
    listeners += 1;
    return onChange.call(repository, listener);
  };
  const headers = {
    ...JSON_TYPE,
    accept: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json',
  };
  const body = JSON.stringify({ query: WATCH });
  for (let round = 0; round < 100; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const response = await fetch(url, { method: 'POST', headers, body });
        await response.text();
        return response.status;
      }),
    );
    expect(new Set(answers)).toEqual(new Set([406]));
  }
  expect(subscriptions()).toBe(0);
  expect(listeners).toBe(0);
}, 120_000);
