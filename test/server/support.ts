import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../src/model/limits.ts';
import { STORE_LOG } from '../../src/repository/files/format/layout.ts';
import { encodeLine } from '../../src/repository/files/format/line.ts';
import { openFileRepository } from '../../src/repository/files/open.ts';
import { FORMAT } from '../../src/repository/files/scan/store-id.ts';
import type { SessionRepository } from '../../src/repository/repository.ts';
import type { Authenticate, Authentication } from '../../src/server/auth/authenticate.ts';
import { ASKS_NOBODY } from '../support/asks-nobody.ts';
import { openApi } from '../support/fast-path.ts';

export const ENDPOINT = 'http://localhost:4000/graphql';
export const JSON_TYPE = { 'content-type': 'application/json' };
export const GRAPHQL_RESPONSE = 'application/graphql-response+json';

export type LogLine = Record<string, unknown>;

/** A logger that collects its lines. */
export function createTestLogger() {
  const lines: LogLine[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  return { logger: pino({ base: null }, stream), lines };
}

export interface TestServerOptions {
  readonly limits?: Partial<Limits>;
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly authenticate?: Authenticate;
  readonly isRevoked?: Authentication['isRevoked'];
}

export interface TestServer {
  readonly repository: SessionRepository;
  readonly logs: readonly LogLine[];
  /** Sends a request unchanged, to the endpoint unless `url` is given. */
  fetch(init?: RequestInit, url?: string): Promise<Response>;
  /** Sends a query by POST, as a client does, with additional `headers`. */
  post(query: string, headers?: Record<string, string>, variables?: unknown): Promise<Response>;
}

let opened: { readonly directory: string; readonly repository: SessionRepository } | undefined;

afterAll(async () => {
  if (!opened) return;
  await opened.repository.close();
  await rm(opened.directory, { recursive: true });
});

/** The id of the store of `openTestServer`, for cursors in requests that are defined before the store exists. */
export const TEST_STORE = { storeId: '7e57570e-0000-4000-8000-000000000000' };

/** One store for all tests of a file, because opening a store takes longer than a test. */
async function sharedRepository(): Promise<SessionRepository> {
  if (!opened) {
    const directory = await mkdtemp(join(tmpdir(), 'sessiontree-test-'));
    const header = { op: 'store', format: FORMAT, store: TEST_STORE.storeId, at: new Date().toISOString() };
    await writeFile(join(directory, STORE_LOG), encodeLine(header));
    opened = { directory, repository: await openFileRepository({ directory }) };
  }
  return opened.repository;
}

/** The API on a store that all tests of the file share. */
export async function openTestServer({
  limits,
  allowedHosts = [],
  allowedOrigins = [],
  ...authentication
}: TestServerOptions = {}): Promise<TestServer> {
  const repository = await sharedRepository();
  const { logger, lines } = createTestLogger();
  const api = openApi({
    repository,
    logger,
    limits: { ...DEFAULT_LIMITS, ...limits },
    allowedHosts,
    allowedOrigins,
    ...ASKS_NOBODY,
    ...authentication,
  });
  const fetch = (init?: RequestInit, url = ENDPOINT) => api(url, init);
  return {
    repository,
    logs: lines,
    fetch,
    post: (query, headers, variables) =>
      fetch({
        method: 'POST',
        headers: { ...JSON_TYPE, accept: GRAPHQL_RESPONSE, ...headers },
        body: JSON.stringify({ query, variables }),
      }),
  };
}

export interface ErrorAnswer {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string };
}

/** The status of an answer, and the code of each error. */
export async function outcome(response: Response): Promise<{ status: number; codes: string[] }> {
  const { errors = [] } = (await response.json()) as { errors?: ErrorAnswer[] };
  return { status: response.status, codes: errors.map(({ extensions }) => extensions.code) };
}

export const ALLOWED = { status: 200, codes: [] };
