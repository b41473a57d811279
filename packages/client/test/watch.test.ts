import { getEventListeners, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import type { RunningServer } from '../../../src/server/http.ts';
import { startServer } from '../../../src/server/http.ts';
import { startTestServer, testConfig } from '../../../test/server/running.ts';
import { createTestLogger } from '../../../test/server/support.ts';
import { openCutProxy } from '../../../test/support/open-cut-proxy.ts';
import {
  type ClientOptions,
  RequestError,
  type SessionChanges,
  Sessiontree,
  type WebSocketClass,
} from '../src/index.ts';
import { rejection } from './support.ts';

/** Each way on which changes come. */
const WAYS: [name: string, options: ClientOptions][] = [
  ['WebSocket', {}],
  ['server-sent events', { webSocket: null }],
];

/** The next batch with changes; what came before it is left out. */
async function nextChanges(batches: AsyncIterator<SessionChanges>): Promise<SessionChanges> {
  for (;;) {
    const { value } = await batches.next();
    if (value === undefined) throw new Error('Expected changes, got the end.');
    if (value.changes.length > 0) return value;
  }
}

const shown = ({ changes }: SessionChanges) => changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`);

/**
 * The contents of a history, from the batches of the session's changes. Messages are read after the changes: the last ones can come again
 * with the next batch, in the same places. No change comes again.
 */
class Contents {
  readonly list: string[] = [];
  #from = -1;

  add({ changes }: SessionChanges): void {
    for (const { kind, messages, fromPosition } of changes) {
      expect(kind).toBe('APPENDED');
      expect(fromPosition).toBeGreaterThan(this.#from);
      expect(fromPosition).toBeLessThanOrEqual(this.list.length);
      this.#from = fromPosition!;
      this.list.splice(fromPosition!, this.list.length, ...messages.map(({ content }) => content));
    }
  }
}

/** A server that does not wait for the disk: these tests write a lot. */
const startQuickServer = () => startTestServer({ durability: 'os' });

async function openTrip(options: ClientOptions, serverUrl?: string): Promise<Sessiontree> {
  const client = new Sessiontree(serverUrl ?? (await startQuickServer()).url, options);
  await client.sessions.create({ id: 'trip', title: 'Plan a trip' });
  return client;
}

describe.each(WAYS)('over %s', (_, options) => {
  test('a tree is watched from the first batch, which says to read it, to its deletion', async () => {
    const client = await openTrip(options);
    const batches = client.sessions.watch('trip');
    expect((await batches.next()).value).toMatchObject({ isReset: true, isUpToDate: true, changes: [] });
    await client.sessions.create({ id: 'elsewhere' });
    await client.sessions.spawn('trip', { id: 'flights' });
    expect(shown(await nextChanges(batches))).toEqual(['CREATED flights']);
    await client.history.append('flights', { role: 'USER', content: 'Find flights' });
    expect(await nextChanges(batches)).toMatchObject({
      isReset: false,
      changes: [
        {
          kind: 'APPENDED',
          session: { id: 'flights', historyLength: 1 },
          fromPosition: 0,
          messages: [{ content: 'Find flights', position: 0 }],
        },
      ],
    });
    await client.sessions.delete('trip', { mode: 'CASCADE' });
    const last = await nextChanges(batches);
    expect(shown(last)).toContain('DELETED trip');
    expect(last.changes.at(-1)).toMatchObject({ session: null });
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  test('the changes since a cursor come first, without those of other kinds', async () => {
    const client = await openTrip(options);
    const { value: first } = await client.sessions.watch('trip').next();
    const content = 'A long text';
    await client.history.append(
      'trip',
      [1, 2, 3].map(() => ({ role: 'USER' as const, content })),
    );
    await client.sessions.update('trip', { status: 'RUNNING' });
    const { cursor: after } = first!;
    const all = await nextChanges(client.sessions.watch('trip', { after, messages: 2, maxContentLength: 6 }));
    expect(shown(all)).toEqual(['APPENDED trip', 'UPDATED trip']);
    expect(all.changes[0]!.messages.map((message) => message.content)).toEqual(['A long', 'A long']);
    const some = await nextChanges(client.sessions.watch('trip', { after, kinds: ['UPDATED'] }));
    expect(shown(some)).toEqual(['UPDATED trip']);
    expect(some.isReset).toBe(false);
    const none = await client.sessions.watch('trip', { after, kinds: ['DELETED'] }).next();
    expect(none.value).toMatchObject({ cursor: all.cursor, changes: [] });
  });

  test('a text with line separators of Unicode comes whole, and ends nothing', async () => {
    const client = await openTrip(options);
    const batches = client.sessions.watch('trip');
    await batches.next();
    const content = 'one\u2028event: complete\u2029data: {}';
    await client.history.append('trip', [{ role: 'USER', content }]);
    expect((await nextChanges(batches)).changes).toMatchObject([{ messages: [{ content }] }]);
    await batches.return();
  });

  test('the whole store is watched with null', async () => {
    const client = await openTrip(options);
    const batches = client.sessions.watch(null);
    await batches.next();
    await client.sessions.create({ id: 'elsewhere' });
    expect(shown(await nextChanges(batches))).toEqual(['CREATED elsewhere']);
    await batches.return();
  });

  test('nothing is missed and nothing comes twice, however often the connection is cut', {
    timeout: 90_000,
  }, async () => {
    const { url } = await startQuickServer();
    const client = await openTrip({}, url);
    const proxy = await openCutProxy(url);
    const reasons: string[] = [];
    const onRetry = ({ message }: Error) => reasons.push(message);
    const batches = new Sessiontree(proxy.url, options).sessions.watch('trip', { onRetry, messages: 100 });
    await batches.next();
    const COUNT = 60;
    const writing = (async () => {
      for (let n = 0; n < COUNT; n += 1) {
        await client.history.append('trip', { role: 'USER', content: String(n) });
        if (n % 12 === 5) proxy.cut();
      }
    })();
    const contents = new Contents();
    while (contents.list.length < COUNT) contents.add(await nextChanges(batches));
    await writing;
    expect(contents.list).toEqual(Array.from({ length: COUNT }, (_, n) => String(n)));
    expect(reasons.length).toBeGreaterThanOrEqual(1);
    await batches.return();
  });

  test('a server that stops and starts again is found, and what changed meanwhile is told', async () => {
    const config = await testConfig();
    const { logger } = createTestLogger();
    let server: RunningServer = await startServer(config, { logger });
    onTestFinished(() => server.stop());
    const proxy = await openCutProxy(server.url);
    const client = await openTrip({}, proxy.url);
    const lost = Promise.withResolvers<Error>();
    const batches = new Sessiontree(proxy.url, options).sessions.watch('trip', { onRetry: lost.resolve });
    await batches.next();
    const waiting = nextChanges(batches);
    await server.stop();
    expect((await lost.promise).name).toBe('ConnectionError');
    server = await startServer(config, { logger });
    proxy.lead(Number(new URL(server.url).port));
    await client.sessions.update('trip', { status: 'RUNNING' });
    expect(shown(await waiting)).toEqual(['UPDATED trip']);
    await batches.return();
  });

  test('a connection that is dead without a word is given up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { url } = await startQuickServer();
    const client = await openTrip({}, url);
    const proxy = await openCutProxy(url);
    const reasons: string[] = [];
    const onRetry = ({ name }: Error) => reasons.push(name);
    const batches = new Sessiontree(proxy.url, options).sessions.watch('trip', { onRetry });
    await batches.next();
    proxy.freeze();
    await client.sessions.update('trip', { status: 'RUNNING' });
    let batch: SessionChanges | undefined;
    const waiting = nextChanges(batches).then((next) => {
      batch = next;
    });
    for (let elapsedMs = 0; elapsedMs < 120_000 && !batch; elapsedMs += 500) {
      await vi.advanceTimersByTimeAsync(500);
      // The timers are not real, but the network is.
      for (let turn = 0; turn < 20 && !batch; turn += 1) await new Promise(setImmediate);
    }
    await waiting;
    expect(shown(batch!)).toEqual(['UPDATED trip']);
    expect(reasons).toEqual(['TimeoutError']);
    await batches.return();
  });

  test('a reader that is slow misses nothing', { timeout: 90_000 }, async () => {
    const client = await openTrip(options);
    const batches = client.sessions.watch('trip', { messages: 1_000 });
    await batches.next();
    const COUNT = 120;
    for (let n = 0; n < COUNT; n += 1)
      await client.history.append('trip', { role: 'USER', content: String(n) });
    const contents = new Contents();
    while (contents.list.length < COUNT) contents.add(await nextChanges(batches));
    expect(contents.list).toEqual(Array.from({ length: COUNT }, (_, n) => String(n)));
    await batches.return();
  });

  test('a signal ends it at once, and `break`; both close the connection', async () => {
    const { url } = await startQuickServer();
    const proxy = await openCutProxy(url);
    await openTrip({}, url);
    const watcher = new Sessiontree(proxy.url, options);
    for await (const { isReset } of watcher.sessions.watch('trip')) if (isReset) break;
    await expect.poll(() => proxy.connections).toBe(0);
    const controller = new AbortController();
    const batches = watcher.sessions.watch('trip', { signal: controller.signal });
    await batches.next();
    const waiting = batches.next();
    controller.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await expect.poll(() => proxy.connections).toBe(0);
    const late = watcher.sessions.watch('trip', { signal: controller.signal });
    expect(await late.next()).toEqual({ done: true, value: undefined });
  });

  test('what the server refuses for good is thrown', async () => {
    const client = await openTrip(options);
    const error = await rejection(client.sessions.watch('nobody').next());
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ code: 'BAD_USER_INPUT', isRetryable: false });
    expect(await rejection(client.sessions.watch('trip', { after: 'tomorrow' }).next())).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });
});

test('events that nobody reads are not kept without end', async () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const closed = Promise.withResolvers<void>();
  sockets.on('connection', (socket) => {
    socket.on('close', () => closed.resolve());
    socket.on('message', (text) => {
      const { type } = JSON.parse(String(text));
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
      if (type !== 'subscribe') return;
      for (let n = 0; n < 200; n += 1) {
        const sessionChanges = { cursor: String(n), isReset: false, isUpToDate: true, changes: [] };
        socket.send(JSON.stringify({ id: '1', type: 'next', payload: { data: { sessionChanges } } }));
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    sockets.close();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const batches = new Sessiontree(`http://127.0.0.1:${port}`).sessions.watch('trip');
  expect((await batches.next()).value).toMatchObject({ cursor: '0' });
  await closed.promise;
  // What came before is read all the same.
  expect((await batches.next()).value).toMatchObject({ cursor: '1' });
  await batches.return();
});

describe('what is no JSON is a lost connection', () => {
  const BROKEN = '{"id":"1","type":"next","payload":{"da';
  const batch = (cursor: string) => {
    const sessionChanges = { cursor, isReset: false, isUpToDate: true, changes: [] };
    return JSON.stringify({ data: { sessionChanges } });
  };

  /** The names of the errors after which a watch went on to its first batch. */
  async function retriesOf(port: number, options: ClientOptions): Promise<string[]> {
    const names: string[] = [];
    const onRetry = ({ name }: Error) => names.push(name);
    const client = new Sessiontree(`http://127.0.0.1:${port}`, options);
    const batches = client.sessions.watch('trip', { onRetry });
    expect((await batches.next()).value).toMatchObject({ cursor: 'whole' });
    await batches.return();
    return names;
  }

  test('over WebSocket', async () => {
    let connections = 0;
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    sockets.on('connection', (socket) => {
      connections += 1;
      socket.send('{"type":"connection_ack"}');
      socket.send(connections === 1 ? BROKEN : `{"id":"1","type":"next","payload":${batch('whole')}}`);
    });
    onTestFinished(() => sockets.close());
    await once(sockets, 'listening');
    const { port } = sockets.address() as AddressInfo;
    expect(await retriesOf(port, {})).toEqual(['ConnectionError']);
  });

  test('over server-sent events', async () => {
    let connections = 0;
    const server = createServer((_, response) => {
      connections += 1;
      response.setHeader('content-type', 'text/event-stream');
      response.write(`event: next\ndata: ${connections === 1 ? BROKEN : batch('whole')}\n\n`);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    expect(await retriesOf(port, { webSocket: null })).toEqual(['ConnectionError']);
  });
});

test('a class of WebSockets that throws leaves nothing at the signal', async () => {
  function Refusing(): never {
    throw new Error('No WebSocket here.');
  }
  const client = await openTrip({ webSocket: Refusing as unknown as WebSocketClass });
  const { signal } = new AbortController();
  const batches = client.sessions.watch('trip', { signal });
  expect((await batches.next()).value).toMatchObject({ isReset: true });
  await batches.return();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a message that comes after the end begins no timer', async () => {
  let receive = (_event: { readonly data: string }) => {};
  class Recorded extends WebSocket {
    override addEventListener(...args: Parameters<WebSocket['addEventListener']>) {
      const [type, listener] = args;
      if (type === 'message') receive = listener as unknown as typeof receive;
      super.addEventListener(...args);
    }
  }
  const client = await openTrip({ webSocket: Recorded });
  const batches = client.sessions.watch('trip');
  await batches.next();
  await batches.return();
  const timers = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => timers.mockRestore());
  receive({ data: '{"type":"pong"}' });
  expect(timers).not.toHaveBeenCalled();
});

test('an answer that is no stream of events is thrown', async () => {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end('{"data":{"sessionChanges":null}}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const client = new Sessiontree(`http://127.0.0.1:${port}`, { webSocket: null });
  expect(await rejection(client.sessions.watch('trip').next())).toMatchObject({ code: 'NO_DATA' });
});

describe('a server that asks for a token', () => {
  /** A server that acknowledges a WebSocket for the token "good" and closes it soon after; else it closes it at once. */
  async function openGuarded() {
    const server = createServer((_, response) => {
      const error = { message: 'Expected a token.', extensions: { code: 'UNAUTHENTICATED' } };
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [error] }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const firstMessages: unknown[] = [];
    new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' }).on(
      'connection',
      (socket) =>
        socket.once('message', (data) => {
          const message = JSON.parse(String(data));
          firstMessages.push(message);
          if (message.payload?.authorization !== 'Bearer good') return socket.close(4401, 'Unauthorized');
          socket.send('{"type":"connection_ack"}');
          socket.once('message', () => socket.close(4403, 'The token has expired'));
        }),
    );
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    const watch = (token: string) =>
      new Sessiontree(url, { webSocket: WebSocket, token: () => token }).sessions.watch('trip').next();
    return { watch, firstMessages };
  }

  test('gets it in the first message of a WebSocket', async () => {
    const { watch, firstMessages } = await openGuarded();
    expect(await rejection(watch('bad'))).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    expect(await rejection(watch(''))).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    expect(firstMessages).toEqual([
      { type: 'connection_init', payload: { authorization: 'Bearer bad' } },
      { type: 'connection_init' },
    ]);
  });

  test('and may say later that it does not hold any more', async () => {
    const { watch } = await openGuarded();
    const error = await rejection(watch('good'));
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', status: null, isRetryable: false });
  });
});

describe('the way is chosen', () => {
  /** How many WebSockets were asked for until the first batch was there. */
  async function webSocketsOf(options: ClientOptions, refusesWebSockets = false): Promise<number> {
    const { url } = await startQuickServer();
    await openTrip({}, url);
    const proxy = await openCutProxy(url, { refusesWebSockets });
    const batches = new Sessiontree(proxy.url, options).sessions.watch('trip');
    expect((await batches.next()).value).toMatchObject({ isReset: true });
    proxy.cut();
    expect((await batches.next()).value).toMatchObject({ isReset: false });
    await batches.return();
    return proxy.webSockets;
  }

  test('a WebSocket, where there is one', async () => {
    expect(await webSocketsOf({})).toBe(2);
  });

  test('server-sent events, once a proxy has refused a WebSocket', async () => {
    expect(await webSocketsOf({}, true)).toBe(1);
  });

  test('server-sent events, where a WebSocket would not send what the client sends', async () => {
    expect(await webSocketsOf({ token: 'secret' })).toBe(0);
    expect(await webSocketsOf({ headers: { 'x-tenant': 'a' } })).toBe(0);
    expect(await webSocketsOf({ fetch: (...args) => fetch(...args) })).toBe(0);
    expect(await webSocketsOf({ webSocket: null })).toBe(0);
  });

  test('the class that is given', async () => {
    const urls: string[] = [];
    class Recorded extends WebSocket {
      constructor(url: string, protocol: string) {
        urls.push(url);
        super(url, protocol);
      }
    }
    expect(await webSocketsOf({ webSocket: Recorded, token: 'secret' })).toBe(2);
    expect(urls).toEqual([expect.stringMatching(/^ws:.*\/graphql$/), urls[0]]);
  });
});
