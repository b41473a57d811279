import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createClient } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createConfig } from '../../src/commands/serve-options.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { DropLog } from '../../src/server/admission/drop-log.ts';
import type { Config } from '../../src/server/config.ts';
import { type ConnectionOptions, Connections } from '../../src/server/connections.ts';
import { type RunningServer, startServer } from '../../src/server/http.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { createTestLogger, type LogLine } from './support.ts';

/** The configuration of `sessiontree serve`, with a free port and a temporary data directory. */
export async function testConfig(changes: Partial<Config> = {}): Promise<Config> {
  const config = createConfig({
    port: 0,
    host: '127.0.0.1',
    auth: 'none',
    jwtUserClaim: 'sub',
    jwtScopeClaim: 'scope',
    jwtSubtreeClaim: 'subtree',
    data: changes.dataDirectory ?? (await temporaryDirectory()),
    durability: 'disk',
    allowOrigin: [],
    allowHost: [],
    limit: DEFAULT_LIMITS,
    logLevel: 'info',
    logFormat: 'json',
    basePath: '',
    trustProxy: [],
    metrics: false,
    audit: null,
    otel: false,
  });
  return { ...config, ...changes };
}

/** A server on a real socket, stopped after the test. */
export async function startTestServer(changes: Partial<Config> = {}): Promise<RunningServer> {
  return (await startLoggedServer(changes)).server;
}

/** The same, with the lines of its log. */
export async function startLoggedServer(
  changes: Partial<Config> = {},
): Promise<{ readonly server: RunningServer; readonly lines: readonly LogLine[] }> {
  const { logger, lines } = createTestLogger();
  const server = await startServer(await testConfig(changes), { logger });
  onTestFinished(() => server.stop());
  return { server, lines };
}

/** Sends an operation by POST. The first time Yoga answers, later the fast path does. */
export async function postTo(
  url: string,
  query: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = JSON.stringify({ query });
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
}

/** Sends an operation over a WebSocket of its own, and resolves with its results. */
export async function sendOverSocket(url: string, query: string): Promise<unknown[]> {
  const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    const results: unknown[] = [];
    for await (const result of client.iterate({ query })) results.push(result);
    return results;
  } finally {
    await client.dispose();
  }
}

export interface RawConnection {
  readonly socket: Socket;
  /** Resolves with everything received, once it contains `text`. Rejects if the other side closes first. */
  received(text: string): Promise<string>;
  /** Resolves with everything received, once the other side has closed. */
  closed(): Promise<string>;
}

/** A raw connection, on which a test controls every byte and its timing. */
export function openConnection(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let text = '';
  let ended = false;
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const check of waiting) check();
  };
  socket.on('data', (chunk) => {
    text += chunk.toString();
    tell();
  });
  const end = () => {
    ended = true;
    tell();
  };
  // The other side may also close with a reset.
  socket.on('error', end).on('close', end);
  const until = (isThere: () => boolean) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        if (!isThere() && !ended) return;
        waiting.delete(check);
        if (isThere()) resolve(text);
        else reject(new Error(`The connection closed after: ${text}`));
      };
      waiting.add(check);
      check();
    });
  return {
    socket,
    received: (part) => until(() => text.includes(part)),
    closed: () => until(() => ended),
  };
}

/** The connections of a server without `startServer`. */
export function connectionsOf(server: Server, changes: Partial<ConnectionOptions> = {}): Connections {
  const { connections, writeMs } = DEFAULT_LIMITS;
  const drops = new DropLog(createTestLogger().logger);
  const sockets = Number.POSITIVE_INFINITY;
  return new Connections(server, { connections, sockets, writeMs, isScarce: () => false, drops, ...changes });
}

/** More than what the system's buffers on both ends of a connection take. */
export const LONG_ANSWER_BYTES = 8 * 1024 * 1024;

const TEXT_BYTES = 1024 * 1024;
const TEXTS = Array.from({ length: LONG_ANSWER_BYTES / TEXT_BYTES }, (_, n) => `c${n}: content`);
const LONG_QUERY = `{ session(id: "long") { history(first: 1) { nodes { ${TEXTS.join(' ')} } } } }`;

/** Creates a session whose history, as `longRequest` asks for it, is an answer of more than `LONG_ANSWER_BYTES`. */
export async function createLongSession(url: string): Promise<void> {
  const content = 'x'.repeat(TEXT_BYTES);
  const append =
    'mutation ($content: String!) { appendMessages(input: { sessionId: "long", messages: [{ role: USER, content: $content }] }) { __typename } }';
  for (const params of [
    { query: 'mutation { createSession(input: { id: "long" }) { __typename } }' },
    { query: append, variables: { content } },
    // The fast path answers a document that was sent before.
    { query: LONG_QUERY },
  ]) {
    const body = JSON.stringify(params);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await response.arrayBuffer();
  }
}

/** The bytes of a request for the long answer. */
export function longRequest(): string {
  return postInTwoParts(LONG_QUERY).join('');
}

export interface UnreadConnection {
  /** Reads all that comes until the connection closes. */
  rest(): Promise<string>;
  close(): void;
}

/** A connection on which the long answer has begun, and is not read. */
export async function openUnread(url: string): Promise<UnreadConnection> {
  await createLongSession(url);
  const { socket, received, closed } = openConnection(url);
  socket.once('data', () => socket.pause());
  socket.write(longRequest());
  await received('HTTP/1.1 ');
  return {
    rest: () => {
      socket.resume();
      return closed();
    },
    close: () => void socket.destroy(),
  };
}

/** The bytes of a POST with a JSON body, cut after its head and the first half of its body. */
export function postInTwoParts(query: string): [string, string] {
  const body = JSON.stringify({ query });
  const half = Math.floor(body.length / 2);
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ].join('\r\n');
  return [`${head}\r\n\r\n${body.slice(0, half)}`, body.slice(half)];
}
