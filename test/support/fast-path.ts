import { once } from 'node:events';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DocumentNode } from 'graphql';
import { pino } from 'pino';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { createDocumentCache } from '../../src/server/document-cache.ts';
import { withFastPath } from '../../src/server/fast-path.ts';
import { createNodeListener } from '../../src/server/node-listener.ts';
import { createRequestRules } from '../../src/server/request-rules.ts';
import type { ServerSettings } from '../../src/server/settings.ts';
import { createSessiontreeYoga } from '../../src/server/yoga.ts';
import { createYogaPath, type SessiontreeYoga } from '../../src/server/yoga-path.ts';
import { type Sent, send } from './http-client.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** True in the project that runs the tests over the fast path: see vitest.config.ts. */
export const OVER_A_SOCKET = process.env.SESSIONTREE_TEST_WAY === 'fast-path';

/** The API as a function: Yoga without a socket or, in the fast-path project, the fast path behind a real socket. */
export function openApi(options: ServerSettings): Fetch {
  if (OVER_A_SOCKET) return serveFast(options).fetch;
  const yoga = createSessiontreeYoga(options);
  // The headers are copied, because `request` adds Content-Length to the given object.
  return async (url, { headers, ...init } = {}) =>
    yoga.fetch(url, { ...init, headers: { ...(headers as Record<string, string>) } });
}

/** Registers each document before it is sent, so that the fast path handles its first request. */
export function serveFast(options: ServerSettings): {
  readonly fetch: Fetch;
  readonly handedOn: () => number;
} {
  const rules = createRequestRules(options);
  const documents = createDocumentCache<DocumentNode>();
  const { counting, handedOn } = counted(createYogaPath(options, rules, documents));
  const listener = createNodeListener(withFastPath(counting, options, rules, documents), {
    ...rules,
    logger: options.logger,
  });
  const server = createServer(listener).listen(0, '127.0.0.1');
  // It must not keep the process of the tests alive; a file that shares its process has no end to close it at.
  server.unref();
  const listening = once(server, 'listening');
  const silent = createYogaPath(
    { ...options, repository: REFUSING, logger: pino<never>({ level: 'silent' }) },
    rules,
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

/** `yoga` for a fast path, with the number of requests that were passed to it. */
export function counted(yoga: SessiontreeYoga) {
  let handedOn = 0;
  const counting: Pick<SessiontreeYoga, 'handleNodeRequestAndResponse' | 'fetch'> = {
    handleNodeRequestAndResponse: (...args) => {
      handedOn += 1;
      return yoga.handleNodeRequestAndResponse(...args);
    },
    fetch: ((...args: Parameters<SessiontreeYoga['fetch']>) => {
      handedOn += 1;
      return yoga.fetch(...args);
    }) as SessiontreeYoga['fetch'],
  };
  return { counting, handedOn: () => handedOn };
}

/** A repository for registering documents, which must not be read or written. */
const REFUSING = new Proxy({} as SessionRepository, {
  get: (_, name) => async () => {
    throw new Error(`${String(name)}: nothing is to be done.`);
  },
});

/** A document is registered once it is parsed and validated. The result of its execution does not matter. */
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
    // A body that is not a JSON object has no document.
    return undefined;
  }
}
