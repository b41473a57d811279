import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ChangesData, openLive, openSocket, until, WATCH } from './support.ts';

const CREATE = 'mutation ($id: ID!) { createSession(input: { id: $id }) { __typename } }';

async function openClient() {
  const server = await openLive();
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  onTestFinished(() => client.dispose());
  return { ...server, client };
}

test('graphql-ws gets subscriptions, queries, mutations, and their errors', async () => {
  const { client, repository } = await openClient();
  const events = client.iterate<{ sessionChanges: ChangesData }>({ query: WATCH });
  expect((await events.next()).value).toMatchObject({ data: { sessionChanges: { changes: [] } } });
  const made = client.iterate({ query: CREATE, variables: { id: 'a' } });
  expect(await made.next()).toEqual({
    done: false,
    value: { data: { createSession: { __typename: 'CreateSessionPayload' } } },
  });
  expect((await made.next()).done).toBe(true);
  expect((await events.next()).value).toMatchObject({
    data: { sessionChanges: { changes: [{ sessionId: 'a' }] } },
  });
  expect(await repository.findMany(['a'])).toMatchObject([{ id: 'a' }]);
  const wrong = client.iterate({ query: '{ nope }' });
  await expect(wrong.next()).rejects.toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  expect((await events.return!(undefined)).done).toBe(true);
});

test('a client resumes from the cursor of its variables', async () => {
  const { client, cursor, repository } = await openClient();
  const after = await cursor();
  await repository.create({ id: 'a' });
  const events = client.iterate<{ sessionChanges: ChangesData }>({ query: WATCH, variables: { after } });
  expect((await events.next()).value).toMatchObject({
    data: { sessionChanges: { changes: [{ sessionId: 'a' }] } },
  });
});

test('the end of a subscription leaves nothing behind, whoever ends it, and a line in the log', async () => {
  const { socketUrl, subscriptions, lines, repository } = await openLive();
  await repository.create({ id: 'a' });
  const socket = await openSocket(socketUrl);
  const subscribe = (id: string) =>
    socket.send({ id, type: 'subscribe', payload: { query: WATCH, variables: { within: 'a' } } });
  subscribe('1');
  expect(await socket.next()).toMatchObject({ id: '1', type: 'next' });
  expect(subscriptions()).toBe(1);
  socket.send({ id: '1', type: 'complete' });
  await until(() => subscriptions() === 0);
  subscribe('2');
  expect(await socket.next()).toMatchObject({ id: '2', type: 'next' });
  await repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
  expect(await socket.next()).toMatchObject({ id: '2', type: 'next' });
  expect(await socket.next()).toEqual({ id: '2', type: 'complete' });
  expect(subscriptions()).toBe(0);
  expect(lines).toMatchObject([
    {
      method: 'WS',
      path: '/graphql',
      operation: 'subscription',
      fields: ['sessionChanges'],
      status: 200,
      events: 1,
    },
    { method: 'WS', status: 200, events: 2 },
  ]);
  socket.ws.terminate();
  await until(() => lines.length === 3);
  expect(lines[2]).toMatchObject({ method: 'GET', path: '/graphql', status: 101 });
});

test('a connection that breaks ends all its operations', async () => {
  const { socketUrl, subscriptions } = await openLive();
  const socket = await openSocket(socketUrl);
  for (const id of ['1', '2', '3']) socket.send({ id, type: 'subscribe', payload: { query: WATCH } });
  await until(() => subscriptions() === 3);
  socket.ws.terminate();
  await until(() => subscriptions() === 0);
});

test('an error of a bug is masked, and the log has it', async () => {
  const { repository } = await openLive();
  const broken = new Proxy(repository, {
    get: (target, name) =>
      name === 'status'
        ? () => Promise.reject(new Error('secret'))
        : Reflect.get(target, name, target) && bound(target, name),
  });
  const { socketUrl, lines } = await openLive({ repository: broken });
  const socket = await openSocket(socketUrl);
  socket.send({ id: '1', type: 'subscribe', payload: { query: '{ store { sessionCount } }' } });
  const { type, payload } = await socket.next();
  expect(type).toBe('next');
  expect(JSON.stringify(payload)).not.toContain('secret');
  expect(payload).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
  expect(JSON.stringify(lines)).toContain('secret');
});

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? value.bind(target) : value;
}

describe('a limit', () => {
  test('of the first message: 4408', async () => {
    const { socketUrl } = await openLive({ limits: { socketInitMs: 50 } });
    const socket = await openSocket(socketUrl, { init: false });
    expect((await socket.closed()).code).toBe(4408);
  });

  test('of the protocol: 4406', async () => {
    const { socketUrl } = await openLive();
    const socket = await openSocket(socketUrl, { init: false, protocol: 'graphql-ws' }).catch(String);
    expect(socket).toContain('subprotocol');
  });

  test.each<[name: string, send: string | object, code: number]>([
    ['a message that is no JSON', '{', 4400],
    ['a message of a server', { id: '1', type: 'next', payload: {} }, 4400],
    [
      'an operation before the first message',
      { id: '1', type: 'subscribe', payload: { query: '{ __typename }' } },
      4401,
    ],
  ])('of %s', async (_name, send, code) => {
    const { socketUrl } = await openLive();
    const socket = await openSocket(socketUrl, { init: code !== 4401 });
    socket.send(send);
    expect((await socket.closed()).code).toBe(code);
  });

  test('of the size of a message: 1009', async () => {
    const { socketUrl } = await openLive({ limits: { socketMessageBytes: 1_000 } });
    const socket = await openSocket(socketUrl);
    socket.send({ id: '1', type: 'subscribe', payload: { query: `{ __typename } # ${'x'.repeat(1_000)}` } });
    expect((await socket.closed()).code).toBe(1009);
  });

  test('of JSON values in a message: 4400', async () => {
    const { socketUrl } = await openLive({ limits: { bodyValues: 100 } });
    const socket = await openSocket(socketUrl);
    const variables = { list: Array.from({ length: 101 }, () => 0) };
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }', variables } });
    expect((await socket.closed()).code).toBe(4400);
  });

  test('of operations on one connection: the further one gets an error, the others go on', async () => {
    const { socketUrl, subscriptions, repository } = await openLive({ limits: { socketOperations: 2 } });
    const socket = await openSocket(socketUrl);
    for (const id of ['1', '2', '3']) socket.send({ id, type: 'subscribe', payload: { query: WATCH } });
    const messages = [await socket.next(), await socket.next(), await socket.next()];
    expect(messages.find(({ id }) => id === '3')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'OVERLOADED' }, message: expect.stringContaining('socketOperations') }],
    });
    expect(subscriptions()).toBe(2);
    await repository.create({ id: 'a' });
    expect(await socket.next()).toMatchObject({ type: 'next' });
  });

  test('of subscriptions in all: an error over WebSocket, a 503 with Retry-After over HTTP', async () => {
    const { socketUrl, url, subscriptions, lines } = await openLive({ limits: { subscriptions: 1 } });
    const socket = await openSocket(socketUrl);
    for (const id of ['1', '2']) socket.send({ id, type: 'subscribe', payload: { query: WATCH } });
    const messages = [await socket.next(), await socket.next()];
    expect(messages.find(({ id }) => id === '2')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'OVERLOADED' }, message: expect.stringContaining('subscriptions') }],
    });
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: WATCH }),
    });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
    expect(subscriptions()).toBe(1);
    expect(lines).toMatchObject([
      { status: 503, errors: ['OVERLOADED'] },
      { status: 503, errors: ['OVERLOADED'] },
    ]);
  });

  test('of connections for subscriptions: a further WebSocket is refused', async () => {
    const { socketUrl } = await openLive({ limits: { subscriptions: 1 } });
    await openSocket(socketUrl);
    const refused = new WebSocket(socketUrl, 'graphql-transport-ws');
    const [, response] = await once(refused, 'unexpected-response');
    expect(response.statusCode).toBe(503);
    refused.on('error', () => {});
    refused.terminate();
  });
});
