import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { AuthConfig } from '../../../src/server/auth/auth-config.ts';
import { type Tokens, tokensOf } from '../../../src/server/auth/tokens.ts';
import type { Config } from '../../../src/server/config.ts';
import { startServer } from '../../../src/server/http.ts';
import { EVENT_STREAM, openSocket, WATCH } from '../live/support.ts';
import { testConfig } from '../running.ts';
import { createTestLogger, JSON_TYPE, type LogLine } from '../support.ts';

export interface AuthServer {
  readonly url: string;
  readonly directory: string;
  readonly lines: readonly LogLine[];
  /** The tokens as another process has them: that of the command line. */
  readonly tokens: Tokens;
  readonly subscriptions: () => number;
}

/** A server with authentication, stopped after the test. */
export async function openAuthServer(
  auth: AuthConfig = { kind: 'token' },
  changes: Partial<Config> = {},
): Promise<AuthServer> {
  const { logger, lines } = createTestLogger();
  const config = await testConfig({ ...changes, auth });
  const server = await startServer(config, { logger });
  onTestFinished(() => server.stop());
  const { url, subscriptions } = server;
  const directory = config.dataDirectory;
  return { url, directory, lines, tokens: tokensOf(directory), subscriptions };
}

/** How a client got in: the status of HTTP or, if a WebSocket was closed, its code. 200 is in. */
export interface Outcome {
  readonly status: number;
  /** The code in the answer. */
  readonly code?: string | undefined;
  /** The header WWW-Authenticate. */
  readonly challenge?: string | null | undefined;
}

/** Tries to get in with the value of an Authorization header; null: without one. */
export type WayIn = (url: string, authorization: string | null) => Promise<Outcome>;

const headersOf = (authorization: string | null): Record<string, string> =>
  authorization === null ? {} : { authorization };

async function outcomeOf(response: Response): Promise<Outcome> {
  const challenge = response.headers.get('www-authenticate');
  if (response.headers.get('content-type')?.startsWith(EVENT_STREAM.accept)) {
    await response.body!.cancel();
    return { status: response.status, challenge };
  }
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return { status: response.status, code: errors?.[0]?.extensions.code, challenge };
}

function post(query: string, accept: Record<string, string> = {}): WayIn {
  return async (url, authorization) => {
    const headers = { ...JSON_TYPE, ...accept, ...headersOf(authorization) };
    return outcomeOf(await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) }));
  };
}

async function upgrade(url: string, authorization: string | null): Promise<Outcome> {
  const headers = headersOf(authorization);
  const ws = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
  ws.on('error', () => {});
  onTestFinished(() => ws.terminate());
  const response = await Promise.race([
    once(ws, 'unexpected-response').then(([, refused]) => refused),
    once(ws, 'open').then(() => null),
  ]);
  ws.terminate();
  if (response === null) return { status: 200 };
  const { errors } = JSON.parse(Buffer.concat(await response.toArray()).toString());
  const challenge = response.headers['www-authenticate'];
  return { status: response.statusCode, code: errors[0].extensions.code, challenge };
}

function connectionInit(payloadOf: (authorization: string) => object): WayIn {
  return async (url, authorization) => {
    const socket = await openSocket(url.replace('http', 'ws'), { init: false });
    const payload = authorization === null ? undefined : payloadOf(authorization);
    socket.send({ type: 'connection_init', payload });
    const said = await socket.next().catch(() => null);
    if (said === null) return { status: (await socket.closed()).code };
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
    const answer = await socket.next();
    return { status: answer.type === 'next' ? 200 : 500 };
  };
}

const LARGE = ` # ${'x'.repeat(70_000)}`;

/** All ways into a server over HTTP. */
export const HTTP_WAYS: Readonly<Record<string, WayIn>> = {
  POST: post('{ __typename }'),
  'POST, once its document is known': post('{ __typename }'),
  'a large body': post(`{ __typename }${LARGE}`),
  GET: async (url, authorization) =>
    outcomeOf(await fetch(`${url}?query={__typename}`, { headers: headersOf(authorization) })),
  'a page of the server itself': async (url, authorization) => {
    const headers = { ...JSON_TYPE, origin: new URL(url).origin, ...headersOf(authorization) };
    const body = JSON.stringify({ query: '{ __typename }' });
    return outcomeOf(await fetch(url, { method: 'POST', headers, body }));
  },
  'server-sent events': post(WATCH, EVENT_STREAM),
  'server-sent events by GET': async (url, authorization) => {
    const headers = { ...EVENT_STREAM, ...headersOf(authorization) };
    return outcomeOf(await fetch(`${url}?query=${encodeURIComponent(WATCH)}`, { headers }));
  },
};

/** The ways that are closed with a code of WebSocket. */
export const SOCKET_WAYS: Readonly<Record<string, WayIn>> = {
  'ConnectionInit with Authorization': connectionInit((Authorization) => ({ Authorization })),
  'ConnectionInit with authorization': connectionInit((authorization) => ({ authorization })),
  'ConnectionInit with token': connectionInit((authorization) => ({
    token: authorization.replace(/^Bearer /, ''),
  })),
};

/** With the header in the request that opens the WebSocket. */
export const UPGRADE: WayIn = upgrade;

export const bearer = (token: string) => `Bearer ${token}`;
