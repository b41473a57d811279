import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startTestServer } from '../../../test/server/running.ts';
import { openFlakyProxy } from '../../../test/support/flaky-proxy.ts';
import {
  type ClientOptions,
  ConflictError,
  ConnectionError,
  RequestError,
  Sessiontree,
  StorageError,
  TimeoutError,
} from '../src/index.ts';
import { rejection } from './support.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Scripted {
  readonly client: Sessiontree;
  /** The body of each request so far. */
  readonly requests: { readonly variables: { readonly input: { readonly operationId: string } } }[];
  readonly headers: IncomingMessage['headers'][];
}

/** A server that gives these answers, one a request, and the last one from then on. */
async function openScripted(answers: readonly Answer[], options: ClientOptions = {}): Promise<Scripted> {
  const requests: Scripted['requests'] = [];
  const headers: Scripted['headers'] = [];
  const server = createServer(async (request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]!;
    headers.push(request.headers);
    const chunks = await request.toArray();
    requests.push(JSON.parse(Buffer.concat(chunks).toString()));
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return { client: new Sessiontree(url, options), requests, headers };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Answer => {
  return (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};
const broken: Answer = (request) => void request.socket.destroy();
const brokenBody: Answer = (request, response) => {
  response.writeHead(200, { 'content-length': 1_000 }).write('{"data":', () => request.socket.destroy());
};
const silent: Answer = () => undefined;
const refused = (fields: object) => json({ data: { deleteSession: fields } });
const storage = (fields: object) =>
  refused({ __typename: 'StorageError', message: 'The disk is full.', ...fields });
const deleted = refused({ __typename: 'DeleteSessionPayload', deletedIds: ['s'] });
const coded = (code: string, status: number) =>
  json({ errors: [{ message: 'Later.', extensions: { code } }] }, status, { 'retry-after': '0' });

test.each([
  ['a connection that breaks', broken],
  ['an answer that breaks off', brokenBody],
  ['status 408', coded('REQUEST_TIMEOUT', 408)],
  ['status 429', json({}, 429, { 'retry-after': '0' })],
  ['status 500', coded('INTERNAL_SERVER_ERROR', 500)],
  ['a proxy without its server', json('Bad gateway', 502)],
  ['status 503', coded('OVERLOADED', 503)],
  ['a server that is overloaded while it answers', coded('OVERLOADED', 200)],
  ['a disk that may recover', storage({ isRetryable: true, isOutcomeUnknown: false })],
  ['a write whose outcome is unknown', storage({ isRetryable: false, isOutcomeUnknown: true })],
])('after %s, a mutation is sent again, with its operationId', async (_, fault) => {
  const { client, requests } = await openScripted([fault, fault, deleted]);
  expect(await client.sessions.delete('s')).toEqual({ deletedIds: ['s'] });
  expect(requests).toHaveLength(3);
  const ids = new Set(requests.map(({ variables }) => variables.input.operationId));
  expect([...ids]).toEqual([expect.stringMatching(/^\d+(-\d+){3}$/)]);
  await client.sessions.delete('s');
  expect(ids).not.toContain(requests[3]!.variables.input.operationId);
});

test.each([
  [
    'a conflict',
    refused({ __typename: 'ConflictError', message: 'Another version.', reason: 'VERSION' }),
    ConflictError,
  ],
  ['a disk that is full', storage({ isRetryable: false, isOutcomeUnknown: false }), StorageError],
  ['a request that is wrong', coded('BAD_USER_INPUT', 400), RequestError],
  ['a request beyond a limit', coded('BUDGET_EXCEEDED', 200), RequestError],
])('after %s, nothing is sent again', async (_, fault, Class) => {
  const { client, requests } = await openScripted([fault, deleted]);
  expect(await rejection(client.sessions.delete('s'))).toBeInstanceOf(Class);
  expect(requests).toHaveLength(1);
});

test.each([
  ['2', 2_000],
  ['0', 0],
  ['-1', null],
  ['Wed, 21 Oct 2026 07:28:00 GMT', null],
  [undefined, null],
])('Retry-After: %s asks to wait for %j ms', async (seconds, retryAfterMs) => {
  const { client } = await openScripted([json({}, 503, seconds ? { 'retry-after': seconds } : {})]);
  const error = await rejection(client.sessions.get('s', { maxRetries: 0 }));
  expect(error).toMatchObject({ code: 'HTTP_503', retryAfterMs });
});

test('a mutation that got no answer may have taken effect, whatever its retry is told', async () => {
  const fault = storage({ isRetryable: true, isOutcomeUnknown: false });
  const unanswered = await openScripted([broken, fault]);
  const lost = await rejection(unanswered.client.sessions.delete('s', {}, { maxRetries: 1 }));
  expect(lost).toMatchObject({ name: 'StorageError', isOutcomeUnknown: true });
  const answered = await openScripted([fault]);
  const told = await rejection(answered.client.sessions.delete('s', {}, { maxRetries: 1 }));
  expect(told).toMatchObject({ name: 'StorageError', isOutcomeUnknown: false });
});

test('an operationId of the caller is sent as it is', async () => {
  const { client, requests } = await openScripted([broken, deleted]);
  await client.sessions.delete('s', { operationId: 'mine' });
  expect(requests.map(({ variables }) => variables.input.operationId)).toEqual(['mine', 'mine']);
});

test('a request is sent three times at most, or as often as the options say', async () => {
  const { client, requests } = await openScripted([broken]);
  expect(await rejection(client.sessions.get('s'))).toBeInstanceOf(ConnectionError);
  expect(requests).toHaveLength(3);
  await rejection(client.sessions.get('s', { maxRetries: 0 }));
  expect(requests).toHaveLength(4);
  const never = await openScripted([broken], { maxRetries: 0 });
  await rejection(never.client.sessions.delete('s'));
  expect(never.requests).toHaveLength(1);
});

test('an attempt that takes longer than timeoutMs is ended, and made again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
  onTestFinished(() => void vi.useRealTimers());
  // Once the server has the request, the time is over at once: the answer to the next one may take as long as it does.
  const overdue: Answer = () => void vi.advanceTimersByTime(20_000);
  const { client, requests } = await openScripted([overdue, deleted], { timeoutMs: 20_000 });
  expect(await client.sessions.delete('s')).toEqual({ deletedIds: ['s'] });
  expect(requests).toHaveLength(2);
  const slow = await openScripted([silent]);
  const error = await rejection(slow.client.sessions.get('s', { timeoutMs: 50, maxRetries: 0 }));
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error).toMatchObject({ code: 'TIMEOUT', status: null, message: expect.stringContaining('50 ms') });
});

test.each([Number.POSITIVE_INFINITY, 2 ** 31])('timeoutMs may be any number: %d', async (timeoutMs) => {
  const { client } = await openScripted([deleted]);
  expect(await client.sessions.delete('s', {}, { timeoutMs, maxRetries: 0 })).toMatchObject({
    deletedIds: ['s'],
  });
});

test('a signal ends a request, and a pause before a retry', async () => {
  const reason = new Error('The user left.');
  for (const answer of [silent, coded('OVERLOADED', 503), json({}, 503, { 'retry-after': '50' })]) {
    const controller = new AbortController();
    const { client, requests } = await openScripted([
      (request, response) => {
        answer(request, response);
        // Later than the answer has arrived, for the pause; for the silent one at any time.
        response.on('close', () => controller.abort(reason));
        if (answer === silent) controller.abort(reason);
      },
    ]);
    expect(await rejection(client.sessions.get('s', { signal: controller.signal }))).toBe(reason);
    expect(requests.length).toBeLessThan(3);
  }
  const { client, requests } = await openScripted([deleted]);
  expect(await rejection(client.sessions.get('s', { signal: AbortSignal.abort(reason) }))).toBe(reason);
  expect(requests).toEqual([]);
});

test('a server that cannot be reached is named, with the reason', async () => {
  const client = new Sessiontree('http://127.0.0.1:1/graphql', { maxRetries: 0 });
  expect(await rejection(client.sessions.get('s'))).toMatchObject({
    code: 'CONNECTION_FAILED',
    message: expect.stringMatching(/http:\/\/127\.0\.0\.1:1\/graphql, got: .*(ECONNREFUSED|bad port)/),
  });
});

test('over a network that loses every other answer, each message is there once', async () => {
  const { url } = await startTestServer();
  const proxy = await openFlakyProxy(Number(new URL(url).port));
  // Each request on a connection of its own, of which the proxy breaks every other one.
  const client = new Sessiontree(`http://127.0.0.1:${proxy.port}/graphql`, {
    headers: { connection: 'close' },
  });
  await client.sessions.create({ id: 's' });
  for (const content of ['a', 'b', 'c']) await client.history.append('s', { role: 'USER', content });
  const direct = new Sessiontree(url);
  expect((await direct.history.list('s').toArray()).map(({ content }) => content)).toEqual(['a', 'b', 'c']);
  expect(proxy.lost()).toBeGreaterThanOrEqual(4);
});

test('headers and a token are sent with each request; the headers of a request go before those of the client', async () => {
  const answer = json({ data: { session: null } });
  const { client, headers } = await openScripted([answer], {
    headers: { 'X-Team': 'a', 'x-other': 'b' },
    token: 'secret',
  });
  await client.sessions.get('s');
  await client.sessions.get('s', { headers: { 'x-team': 'c', Authorization: 'Basic eA==' } });
  expect(headers).toMatchObject([
    { 'x-team': 'a', 'x-other': 'b', authorization: 'Bearer secret', 'content-type': 'application/json' },
    { 'x-team': 'c', 'x-other': 'b', authorization: 'Basic eA==' },
  ]);
  let renewed = 0;
  const renewing = await openScripted([broken, answer], { token: async () => `t${++renewed}` });
  await renewing.client.sessions.get('s');
  expect(renewing.headers.map(({ authorization }) => authorization)).toEqual(['Bearer t1', 'Bearer t2']);
});
