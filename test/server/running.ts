import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Config, createConfig } from '../../src/config.ts';
import { DEFAULT_LIMITS } from '../../src/model/limits.ts';
import { type RunningServer, startServer } from '../../src/server/http.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { createTestLogger } from './support.ts';

/** What `sessiontree serve` would have, on a free port and a data directory of this test's own. */
export async function testConfig(changes: Partial<Config> = {}): Promise<Config> {
  const config = createConfig({
    port: 0,
    host: '127.0.0.1',
    data: changes.dataDirectory ?? (await temporaryDirectory()),
    durability: 'disk',
    allowOrigin: [],
    allowHost: [],
    limit: DEFAULT_LIMITS,
    logLevel: 'info',
  });
  return { ...config, ...changes };
}

/** A server on a real socket, stopped after the test. */
export async function startTestServer(changes: Partial<Config> = {}): Promise<RunningServer> {
  const { logger } = createTestLogger();
  const server = await startServer(await testConfig(changes), { logger });
  onTestFinished(() => server.stop());
  return server;
}

export interface RawConnection {
  readonly socket: Socket;
  /** All that has come, once it contains `text`; rejects when the other side closes first. */
  received(text: string): Promise<string>;
  /** All that has come, once the other side has closed. */
  closed(): Promise<string>;
}

/** A connection that says exactly what a test wants, when it wants. */
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
  // A reset is one way for the other side to close.
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
