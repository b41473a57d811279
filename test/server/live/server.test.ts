import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { createNodeHandlers } from '../../../src/server/node-handlers.ts';
import { freePort } from '../../support/free-port.ts';
import { send } from '../../support/http-client.ts';
import { openTestRepository } from '../../support/repository.ts';
import { ask, NOTHING_FOUND, openHeld, startLimited } from '../admission/support.ts';
import { plain } from '../requests.ts';
import { openConnection, startTestServer } from '../running.ts';
import { openSocket, stream, until, WATCH } from './support.ts';

const socketUrlOf = (url: string) => url.replace('http', 'ws');

test('a stop tells the clients of WebSockets to come back, and ends streams after a comment', async () => {
  const server = await startTestServer();
  const socket = await openSocket(socketUrlOf(server.url));
  socket.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
  await socket.next();
  const idle = await openSocket(socketUrlOf(server.url));
  const events = await stream(server.url, { query: WATCH });
  await events.changes();
  const startedAt = performance.now();
  await server.stop();
  // Less than the grace of eight seconds, after which what is open is cut off.
  expect(performance.now() - startedAt).toBeLessThan(7_900);
  expect((await socket.closed()).code).toBe(1012);
  expect((await idle.closed()).code).toBe(1012);
  expect(await events.next()).toBe(null);
  expect(events.text).toMatch(/: the server stops: come back\n\n$/);
});

test('a client that does not answer the close is cut off, and the stop goes on', async () => {
  const server = await startTestServer();
  const socket = await openSocket(socketUrlOf(server.url));
  socket.ws.pause();
  await server.stop();
});

test('a server of its own can close, although the clients of its streams subscribe again at once', async () => {
  const handlers = createNodeHandlers({ repository: await openTestRepository() });
  const server = createServer(handlers.request).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // The server does not count a connection without a request as idle.
  const silent = openConnection(`http://127.0.0.1:${port}/graphql`);
  await once(silent.socket, 'connect');
  const client = createSseClient({
    url: `http://127.0.0.1:${port}/graphql`,
    retryAttempts: Number.POSITIVE_INFINITY,
    retry: async () => {},
  });
  onTestFinished(() => client.dispose());
  const events = client.iterate({ query: WATCH });
  await events.next();
  const closed = once(server, 'close');
  server.close();
  handlers.endSubscriptions();
  const body = JSON.stringify({ query: WATCH });
  const head = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n';
  silent.socket.write(
    `${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  expect(await silent.closed()).toContain('the server stops');
  await closed;
});

test('graphql-ws comes back to a server that was started again', async () => {
  const port = await freePort();
  const first = await startTestServer({ port });
  const client = createClient({
    url: socketUrlOf(first.url),
    webSocketImpl: WebSocket,
    // A server may take longer to start than a number of attempts.
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
  });
  onTestFinished(() => client.dispose());
  const events = client.iterate({ query: WATCH });
  await events.next();
  await first.stop();
  await startTestServer({ port });
  expect((await events.next()).value).toMatchObject({ data: { sessionChanges: { isUpToDate: true } } });
  await client.dispose();
});

test('connections of subscriptions are neither counted among others nor closed as idle', async () => {
  const { url, port } = await startLimited({ connections: 2 });
  const socket = await openSocket(socketUrlOf(url));
  socket.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
  await socket.next();
  const streams = [await stream(url, { query: WATCH }), await stream(url, { query: WATCH })];
  for (const one of streams) await one.changes();
  const idle = Array.from({ length: 5 }, () => openConnection(url));
  await Promise.all(idle.map(({ socket: raw }) => once(raw, 'connect')));
  await send(port, plain({ query: 'mutation { createSession(input: { id: "a" }) { __typename } }' }));
  expect(await socket.next()).toMatchObject({ type: 'next' });
  for (const one of streams) expect((await one.changes()).changes).toMatchObject([{ sessionId: 'a' }]);
});

test('a connection that was used by a subscription is an ordinary one afterwards', async () => {
  const { url } = await startLimited({ connections: 1, subscriptions: 1 });
  for (let round = 0; round < 3; round += 1) {
    const events = await stream(url, { query: WATCH });
    await events.changes();
    await events.close();
    // Until the server has seen that the client has gone, there is no room.
    await until(() => isAnswered(url));
  }
});

test('subscriptions that wait take no place of operations', async () => {
  const { port, url, lines } = await startLimited({ operations: 1 });
  const streams = await Promise.all(Array.from({ length: 5 }, () => stream(url, { query: WATCH })));
  for (const one of streams) await one.changes();
  expect(await ask(port)).toMatchObject(NOTHING_FOUND);
  expect(lines).toMatchObject([{ status: 200 }]);
});

test('an event waits for a place of operations, as a request does', async () => {
  const { port, url, release, held } = await openHeld({ operations: 1 });
  const events = await stream(url, { query: WATCH });
  await events.changes();
  const asked = ask(port, 'held');
  await until(() => held.length === 1);
  const [waiting] = [events.changes()];
  let hasCome = false;
  waiting.then(() => {
    hasCome = true;
  });
  const created = send(
    port,
    plain({ query: 'mutation { createSession(input: { id: "a" }) { __typename } }' }),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(hasCome).toBe(false);
  release();
  await asked;
  await created;
  expect((await waiting).changes).toMatchObject([{ sessionId: 'a' }]);
});

test('a request for another protocol is answered by HTTP/1.1', async () => {
  const { port } = await startLimited({});
  const headers = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAMAAABkAAQAAP__',
  };
  const answer = await send(port, {
    ...plain({ query: '{ __typename }' }),
    headers: { ...plain({}).headers, ...headers },
  });
  expect(answer.status).toBe(200);
});

test('a WebSocket beyond the number of connections is refused', async () => {
  const { url } = await startLimited({ connections: 1, subscriptions: DEFAULT_LIMITS.subscriptions });
  const busy = openConnection(url);
  const head =
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100';
  busy.socket.write(`${head}\r\nExpect: 100-continue\r\n\r\n`);
  await busy.received('100 Continue');
  const ws = new WebSocket(socketUrlOf(url), 'graphql-transport-ws');
  ws.on('error', () => {});
  const [, response] = await once(ws, 'unexpected-response');
  expect(response.statusCode).toBe(503);
});

async function isAnswered(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { headers: { accept: 'application/json' } })).status === 400;
  } catch {
    return false;
  }
}
