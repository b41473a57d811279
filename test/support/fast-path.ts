import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DocumentNode } from 'graphql';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createDocumentCache } from '../../src/server/document-cache.ts';
import { withFastPath } from '../../src/server/fast-path.ts';
import {
  createSessiontreeYoga,
  type SessiontreeYoga,
  type SessiontreeYogaOptions,
} from '../../src/server/yoga.ts';
import { type Sent, send } from './http-client.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Whether this run is the one over the fast path: see vitest.config.ts. */
export const OVER_A_SOCKET = process.env.SESSIONTREE_TEST_WAY === 'fast-path';

/** The API as a function: Yoga without a socket or, where the suites run over it, the fast path behind a real one. */
export function openApi(options: SessiontreeYogaOptions): Fetch {
  if (OVER_A_SOCKET) return serveFast(options).fetch;
  const yoga = createSessiontreeYoga(options);
  // Its headers are copied: a request adds its length to the very object that it is given.
  return async (url, { headers, ...init } = {}) =>
    yoga.fetch(url, { ...init, headers: { ...(headers as Record<string, string>) } });
}

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.close();
});

/** Each document is made known before it is sent, so that the fast path takes it the first time. */
export function serveFast(options: SessiontreeYogaOptions): {
  readonly fetch: Fetch;
  readonly handedOn: () => number;
} {
  const documents = createDocumentCache<DocumentNode>();
  const yoga = createSessiontreeYoga(options, documents);
  const { counting, handedOn } = counted(yoga);
  const server = createServer(withFastPath(counting, options, documents)).listen(0, '127.0.0.1');
  servers.push(server);
  const listening = once(server, 'listening');
  const silent = createSessiontreeYoga(
    { ...options, repository: REFUSING, logger: pino({ level: 'silent' }) },
    documents,
  );

  const fetch: Fetch = async (url, { method = 'GET', headers, body } = {}) => {
    const { host, origin } = new URL(url);
    await makeKnown(silent, body);
    await listening;
    const received = await send((server.address() as AddressInfo).port, {
      method,
      path: url.slice(origin.length),
      headers: { host, ...(headers as OutgoingHttpHeaders) },
      body: body as Sent['body'],
    });
    const response = new Response(received.body.byteLength === 0 ? null : new Uint8Array(received.body), {
      status: received.status,
    });
    for (const [name, value] of Object.entries(received.headers)) response.headers.set(name, String(value));
    return response;
  };
  return { fetch, handedOn };
}

/** `yoga` for a fast path, and how often it was handed a request. */
export function counted(yoga: SessiontreeYoga) {
  let handedOn = 0;
  const counting: Pick<SessiontreeYoga, 'requestListener' | 'fetch'> = {
    requestListener: (...args) => {
      handedOn += 1;
      return yoga.requestListener(...args);
    },
    fetch: ((...args: Parameters<SessiontreeYoga['fetch']>) => {
      handedOn += 1;
      return yoga.fetch(...args);
    }) as SessiontreeYoga['fetch'],
  };
  return { counting, handedOn: () => handedOn };
}

/** Whoever is asked to make a document known must not read or write for it. */
const REFUSING = new Proxy({} as SessionRepository, {
  get: (_, name) => async () => {
    throw new Error(`${String(name)}: nothing is to be done.`);
  },
});

/** A document is noted once it is parsed and validated; what it then comes to is nobody's business. */
async function makeKnown(silent: SessiontreeYoga, body: RequestInit['body']): Promise<void> {
  const params = paramsIn(body);
  if (params === undefined) return;
  await silent.fetch('http://localhost/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
  });
}

function paramsIn(body: RequestInit['body']): { query: unknown; operationName: unknown } | undefined {
  if (typeof body !== 'string') return undefined;
  try {
    const { query, operationName } = JSON.parse(body) as Record<string, unknown>;
    return { query, operationName };
  } catch {
    // What is no JSON, and what holds no members, holds no document.
    return undefined;
  }
}
