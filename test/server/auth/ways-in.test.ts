import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Authenticate } from '../../../src/server/auth/authenticate.ts';
import { byBearer, byToken } from '../../../src/server/auth/by-token.ts';
import { unauthenticated } from '../../../src/server/auth/refusals.ts';
import { tokensOf } from '../../../src/server/auth/tokens.ts';
import { createSessiontreeYoga } from '../../../src/server/yoga.ts';
import { openTestRepository, temporaryDirectory } from '../../support/repository.ts';
import { EVENT_STREAM, openLive, openSocket, ReadStream, stream, until, WATCH } from '../live/support.ts';
import { openConnection } from '../running.ts';
import { createTestLogger, ENDPOINT, JSON_TYPE } from '../support.ts';
import { bearer, HTTP_WAYS, openAuthServer, SOCKET_WAYS, UPGRADE } from './support.ts';

const READ = { userId: 'ada', scope: 'read' } as const;

/** What is sent, by its name, beside a token that is right. */
async function openWithTokens() {
  const server = await openAuthServer();
  const { tokens } = server;
  const right = await tokens.mint(READ);
  const revoked = await tokens.mint(READ);
  await tokens.revoke(revoked.id);
  const expired = await tokens.mint({ ...READ, expiresAt: new Date(Date.now() - 1_000) });
  const unknown = await tokensOf(await temporaryDirectory()).mint(READ);
  const secret = unknown.token.slice(-43);
  const wrong: Record<string, string> = {
    'an unknown token': bearer(unknown.token),
    'the id of a token with another secret': bearer(`st_${right.id}_${secret}`),
    'an expired token': bearer(expired.token),
    'a revoked token': bearer(revoked.token),
    'no token at all': 'Bearer',
    'another scheme': `Basic ${Buffer.from(`ada:${right.token}`).toString('base64')}`,
    'two tokens': bearer(`${right.token} ${right.token}`),
    'a token and more': bearer(`${right.token}é`),
  };
  return { ...server, right: right.token, wrong };
}

test('over HTTP: 401 without a right token, whichever way it takes, and in with one', async () => {
  const { url, right, wrong } = await openWithTokens();
  // `fetch` sends no such header.
  delete wrong['a token and more'];
  for (const [name, way] of Object.entries({ ...HTTP_WAYS, 'a WebSocket, by its header': UPGRADE })) {
    if (way !== UPGRADE)
      expect(await way(url, null), name).toEqual({
        status: 401,
        code: 'UNAUTHENTICATED',
        challenge: 'Bearer',
      });
    for (const [what, authorization] of Object.entries(wrong))
      expect(await way(url, authorization), `${name}, ${what}`).toEqual({
        status: 401,
        code: 'UNAUTHENTICATED',
        challenge: 'Bearer error="invalid_token"',
      });
    expect(await way(url, bearer(right)), name).toMatchObject({ status: 200 });
    expect(await way(url, `bearer  ${right} `), name).toMatchObject({ status: 200 });
  }
});

test('over WebSocket: 4401 without a token, 4403 with a wrong one, and in with a right one', async () => {
  const { url, right, wrong } = await openWithTokens();
  for (const [name, way] of Object.entries(SOCKET_WAYS)) {
    expect(await way(url, null), name).toEqual({ status: 4401 });
    for (const [what, authorization] of Object.entries(wrong))
      expect(await way(url, authorization), `${name}, ${what}`).toEqual({ status: 4403 });
    expect(await way(url, bearer(right)), name).toEqual({ status: 200 });
  }
});

test('a WebSocket that was opened by a right header needs no more, and takes a token in its place', async () => {
  const { url, right, tokens } = await openWithTokens();
  const headers = { authorization: bearer(right) };
  const socket = await openSocket(url.replace('http', 'ws'), { headers });
  socket.send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
  expect(await socket.next()).toMatchObject({ type: 'next' });
  const other = await openSocket(url.replace('http', 'ws'), { headers, init: false });
  const { id, token } = await tokens.mint(READ);
  other.send({ type: 'connection_init', payload: { token } });
  expect(await other.next()).toMatchObject({ type: 'connection_ack' });
  await tokens.revoke(id);
  expect(await other.closed()).toEqual({ code: 4403, reason: 'The token has expired or was revoked' });
});

test('an operation before ConnectionInit, and none at all, end a WebSocket as without authentication', async () => {
  const { url } = await openAuthServer();
  const socket = await openSocket(url.replace('http', 'ws'), { init: false });
  socket.send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
  expect((await socket.closed()).code).toBe(4401);
});

test('a request is refused by its head: none of its body needs to come', async () => {
  const { url } = await openAuthServer();
  for (const length of [100, 1_000_000, 'chunked']) {
    const framing = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
    const connection = openConnection(url);
    connection.socket.write(
      `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`,
    );
    const answer = await connection.received('UNAUTHENTICATED');
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.toLowerCase()).toContain('www-authenticate: bearer\r\n');
  }
});

test('a connection is good for a next request after one that was refused', async () => {
  const { url, right } = await openWithTokens();
  const connection = openConnection(url);
  const body = '{"query":"{ __typename }"}';
  const request = (authorization: string) =>
    `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${authorization}Content-Length: ${body.length}\r\n\r\n${body}`;
  connection.socket.write(request('') + request(`Authorization: ${bearer(right)}\r\n`));
  const answers = await connection.received('"data":{"__typename":"Query"}');
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
});

test.each([
  ['/health', {}],
  ['/ready', {}],
  ['/graphql', { accept: 'text/html' }],
  ['/explorer/', {}],
  ['/', {}],
])('%s needs no token: nothing of the store is there', async (path, headers) => {
  const { url } = await openAuthServer();
  const response = await fetch(new URL(path, url), { headers, redirect: 'manual' });
  expect(response.status).toBeLessThan(400);
});

test('what a page of another site may not do comes before the question for a token', async () => {
  const { url } = await openAuthServer();
  const headers = { ...JSON_TYPE, 'sec-fetch-site': 'cross-site' };
  const response = await fetch(url, { method: 'POST', headers, body: '{}' });
  expect(response.status).toBe(403);
});

test('a token works right after it was added, and ends after it was revoked, without a restart', async () => {
  const { url, tokens } = await openAuthServer();
  const { POST } = HTTP_WAYS;
  for (let time = 0; time < 2; time += 1) {
    const { id, token } = await tokens.mint(READ);
    expect(await POST!(url, bearer(token))).toMatchObject({ status: 200 });
    await tokens.revoke(id);
    await until(async () => (await POST!(url, bearer(token))).status === 401, 'a refusal');
  }
});

describe('what is open ends with its token', () => {
  test.each([
    ['revoked', null],
    ['expired', 1_200],
  ])('that is %s', async (_how, expiresInMs) => {
    // The clock stands still: on a busy machine a short time would be over before all are in.
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { url, tokens, subscriptions } = await openAuthServer();
    const expiresAt = expiresInMs === null ? null : new Date(Date.now() + expiresInMs);
    const { id, token } = await tokens.mint({ ...READ, expiresAt });
    const kept = await tokens.mint(READ);
    const events = await stream(url, { query: WATCH }, { authorization: bearer(token) });
    const keptEvents = await stream(url, { query: WATCH }, { authorization: bearer(kept.token) });
    const socket = await openSocket(url.replace('http', 'ws'), { init: false });
    socket.send({ type: 'connection_init', payload: { Authorization: bearer(token) } });
    await socket.next();
    socket.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
    await socket.next();
    await Promise.all([events.next(), keptEvents.next()]);
    if (expiresInMs === null) await tokens.revoke(id);
    else vi.advanceTimersByTime(expiresInMs);
    expect(await socket.closed()).toEqual({ code: 4403, reason: 'The token has expired or was revoked' });
    expect(await events.next()).toBeNull();
    expect(events.text).toContain(': the token has expired or was revoked\n');
    await until(() => subscriptions() === 1, 'one subscription');
  });
});

test('nothing of a token is in the log, in an answer or in a file', async () => {
  const { url, directory, lines, right, wrong, tokens } = await openWithTokens();
  const answers: unknown[] = [];
  for (const way of Object.values(HTTP_WAYS))
    for (const authorization of [bearer(right), wrong['a revoked token']!, wrong['an unknown token']!])
      answers.push(await way(url, authorization));
  await SOCKET_WAYS['ConnectionInit with token']!(url, bearer(right));
  await SOCKET_WAYS['ConnectionInit with token']!(url, wrong['a revoked token']!);
  await until(() => lines.some(({ status }) => status === 101), 'the line of a WebSocket');
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  const all = [
    JSON.stringify(lines),
    JSON.stringify(answers),
    JSON.stringify(tokens.list()),
    ...texts,
  ].join();
  for (const authorization of [bearer(right), wrong['a revoked token']!, wrong['an unknown token']!])
    expect(all).not.toContain(authorization.slice(-20));
});

test('a handler without a socket asks for a token, too', async () => {
  const { logger } = createTestLogger();
  const tokens = tokensOf(await temporaryDirectory());
  const authenticate = byBearer(byToken(tokens, logger));
  const yoga = createSessiontreeYoga({
    repository: await openTestRepository(),
    logger,
    authenticate,
    isRevoked: (caller) => tokens.isRevoked(caller),
  });
  const post = async (headers: Record<string, string>) =>
    (
      await yoga.fetch(ENDPOINT, {
        method: 'POST',
        headers: { ...JSON_TYPE, ...headers },
        body: '{"query":"{ __typename }"}',
      })
    ).status;
  const { id, token } = await tokens.mint(READ);
  const authorization = bearer(token);
  expect(await post({})).toBe(401);
  expect(await post({ authorization })).toBe(200);
  const subscribed = await yoga.fetch(ENDPOINT, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...EVENT_STREAM, authorization },
    body: JSON.stringify({ query: WATCH }),
  });
  const events = new ReadStream(subscribed);
  expect(await events.changes()).toMatchObject({ isUpToDate: true });
  await tokens.revoke(id);
  while (await events.next()) {
    // The rest of the stream.
  }
  expect(await post({ authorization })).toBe(401);
});

test('what a program says of a request is who sends it, or why it is refused', async () => {
  const callers: unknown[] = [];
  const authenticate: Authenticate = async ({ header }) => {
    const user = header('x-user');
    if (user === 'bug') throw new Error('secret');
    if (!user) return unauthenticated('Expected a user, got none.');
    const caller = { userId: user, scope: 'read', subtreeId: null, tokenId: null, expiresAt: null } as const;
    callers.push(caller);
    return caller;
  };
  const { url, socketUrl } = await openLive({ authenticate });
  const body = '{"query":"{ __typename }"}';
  const post = async (headers: Record<string, string>) =>
    (await fetch(url, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body })).status;
  for (let time = 0; time < 2; time += 1) {
    expect(await post({})).toBe(401);
    expect(await post({ 'x-user': 'ada' })).toBe(200);
    expect(await post({ 'x-user': 'bug' })).toBe(500);
  }
  const closing = await openSocket(socketUrl, { init: false });
  closing.send({ type: 'connection_init' });
  expect((await closing.closed()).code).toBe(4401);
  const failing = await openSocket(socketUrl, { init: false, headers: { 'x-user': 'bug' } });
  failing.send({ type: 'connection_init' });
  expect(await failing.closed()).toEqual({ code: 1011, reason: 'Internal server error' });
  // A browser sends its cookies with the request that opens the WebSocket.
  const socket = await openSocket(socketUrl, { headers: { 'x-user': 'ada' } });
  socket.send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
  expect(await socket.next()).toMatchObject({ type: 'next' });
  const headers = { 'x-user': 'bug', authorization: 'Bearer x' };
  const ws = new WebSocket(socketUrl, 'graphql-transport-ws', { headers });
  ws.on('error', () => {});
  const [, refused] = await once(ws, 'unexpected-response');
  expect(refused.statusCode).toBe(500);
  expect(callers).toHaveLength(3);
});

test('while the tokens cannot be read, requests are told to come again, and the log says so once', async () => {
  const { url, directory, lines, right } = await openWithTokens();
  await writeFile(join(directory, 'auth/tokens.jsonl'), 'nonsense\n', { flag: 'a' });
  const { POST } = HTTP_WAYS;
  await until(async () => (await POST!(url, bearer(right))).status === 503, 'a refusal');
  expect(await POST!(url, bearer(right))).toMatchObject({ status: 503, code: 'AUTHENTICATION_UNAVAILABLE' });
  expect(await SOCKET_WAYS['ConnectionInit with token']!(url, bearer(right))).toEqual({ status: 1013 });
  expect(lines.filter(({ msg }) => String(msg).startsWith('the tokens cannot be read'))).toHaveLength(1);
});
