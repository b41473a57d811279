import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../../src/model/limits.ts';
import type { Authenticate } from '../../../src/server/auth/authenticate.ts';
import { type RunningServer, startServer } from '../../../src/server/http.ts';
import { createRequestListener } from '../../../src/server/node-handlers.ts';
import { type Received, send } from '../../support/http-client.ts';
import { openTestRepository } from '../../support/repository.ts';
import { type Call, watched } from '../../support/watched-repository.ts';
import { plain } from '../requests.ts';
import { type RawConnection, testConfig } from '../running.ts';
import { createTestLogger, type LogLine } from '../support.ts';

export interface LimitedServer extends RunningServer {
  readonly lines: LogLine[];
  readonly port: number;
}

/** `sessiontree serve` with `limits`. */
export async function startLimited(limits: Partial<Limits>): Promise<LimitedServer> {
  const { logger, lines } = createTestLogger();
  const config = await testConfig({ limits: { ...DEFAULT_LIMITS, ...limits } });
  const server = await startServer(config, { logger });
  onTestFinished(() => server.stop());
  return { ...server, lines, port: Number(new URL(server.url).port) };
}

export interface HeldServer {
  readonly url: string;
  readonly port: number;
  readonly lines: readonly LogLine[];
  /** Calls of the store that have arrived and are held. */
  readonly held: readonly Call[];
  /** Lets all held calls go on. */
  release(): void;
}

const readsHeld = (call: Call) => call[0] === 'findMany' && (call[1] as string[]).includes('held');

/**
 * The API in a server of another program, with a store in which some calls do not return before `release`: by default, reads of the
 * session `held`.
 */
export async function openHeld(
  limits: Partial<Limits>,
  isHeld = readsHeld,
  authenticate: Authenticate | null = null,
): Promise<HeldServer> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: Call[] = [];
  const { repository } = watched(await openTestRepository(), (call) => {
    if (!isHeld(call)) return undefined;
    held.push(call);
    return promise;
  });
  const { logger, lines } = createTestLogger();
  const server = createServer(createRequestListener({ repository, limits, logger, authenticate })).listen(
    0,
    '127.0.0.1',
  );
  onTestFinished(() => {
    resolve();
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/graphql`, port, held, lines, release: resolve };
}

const SESSION = 'query ($id: ID!) { session(id: $id) { id } }';

/** A request for a session, whose body is padded to `bytes`. */
export const sessionRequest = (id: string, bytes = 0) =>
  plain(JSON.stringify({ query: SESSION, variables: { id } }).padEnd(bytes));

/** Asks for a session; `unknown` is not held. */
export function ask(port: number, id = 'unknown', bytes = 0): Promise<Received> {
  return send(port, sessionRequest(id, bytes));
}

export const NOTHING_FOUND = { status: 200, body: Buffer.from('{"data":{"session":null}}') };

/** What a refusal for want of room looks like. */
export function expectOverloaded(expect: typeof import('vitest').expect, received: Received): void {
  expect(received.status).toBe(503);
  expect(received.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(JSON.parse(received.body.toString())).toMatchObject({
    errors: [{ extensions: { code: 'OVERLOADED' } }],
  });
}

/** Sends the head of a body of `bytes`, and `sent` bytes of it. Resolves once the server has read them. */
export function postPart({ socket }: RawConnection, bytes: number, sent: number): void {
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
  socket.write(`${head}${' '.repeat(sent)}`);
}
