import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { openSocket } from '../live/support.ts';
import { JSON_TYPE } from '../support.ts';
import { bearer, HTTP_WAYS, openAuthServer, SOCKET_WAYS, UPGRADE } from './support.ts';

test('the metrics are for admins: nobody else learns anything from them', async () => {
  const { url, tokens } = await openAuthServer({ kind: 'token' }, { metrics: 'main' });
  const add = (scope: 'read' | 'write' | 'admin') => tokens.mint({ userId: 'ann', scope });
  const ask = async (token: string | null) => {
    const headers: Record<string, string> = token === null ? {} : { authorization: bearer(token) };
    const answer = await fetch(new URL('/metrics', url), { headers });
    return { status: answer.status, isTold: (await answer.text()).includes('sessiontree_sessions') };
  };
  expect(await ask(null)).toEqual({ status: 401, isTold: false });
  expect(await ask('wrong')).toEqual({ status: 401, isTold: false });
  for (const scope of ['read', 'write'] as const)
    expect(await ask((await add(scope)).token)).toEqual({ status: 403, isTold: false });
  expect(await ask((await add('admin')).token)).toEqual({ status: 200, isTold: true });
});

test('the audit says who did what, and who was refused, and has no token', async () => {
  const { url, tokens, lines } = await openAuthServer({ kind: 'token' }, { audit: 'log' });
  const { token } = await tokens.mint({ userId: 'ann', scope: 'write' });
  const { token: reading } = await tokens.mint({ userId: 'bob', scope: 'read' });
  const create = async (given: string | null) => {
    const headers = { ...JSON_TYPE, ...(given !== null && { authorization: bearer(given) }) };
    const query = 'mutation { createSession(input: { id: "s" }) { __typename } }';
    return fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  };
  for (const given of [token, reading, null]) await create(given);
  const audit = lines.filter(({ msg }) => msg === 'audit');
  expect(audit).toMatchObject([
    {
      event: 'mutation',
      userId: 'ann',
      scope: 'write',
      mutation: 'createSession',
      createdId: 's',
      result: 'payload',
    },
    { event: 'mutation', userId: 'bob', scope: 'read', mutation: 'createSession', result: 'ForbiddenError' },
    { event: 'refusal', userId: null, scope: null, status: 401, result: 'UNAUTHENTICATED' },
  ]);
  expect(audit[0]!.tokenId).toEqual(expect.any(String));
  expect(JSON.stringify(lines)).not.toContain(token);
});

test('who has used what it may is in the audit, over HTTP and WebSocket', async () => {
  const limits = { ...DEFAULT_LIMITS, callerRequests: 1 };
  const { url, tokens, lines } = await openAuthServer({ kind: 'token' }, { audit: 'log', limits });
  const { token } = await tokens.mint({ userId: 'ann', scope: 'write' });
  const headers = { authorization: bearer(token) };
  // To open it is the one request.
  const socket = await openSocket(url.replace('http', 'ws'), { headers });
  socket.send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } });
  expect(await socket.next()).toMatchObject({ type: 'error' });
  await HTTP_WAYS.POST!(url, bearer(token));
  const audit = () => lines.filter(({ msg }) => msg === 'audit');
  await expect.poll(audit).toHaveLength(2);
  const refused = { event: 'refusal', userId: 'ann', status: 429, result: 'RATE_LIMITED' };
  expect(audit()).toMatchObject([refused, refused]);
});

test.each(Object.entries({ ...HTTP_WAYS, ...SOCKET_WAYS, UPGRADE }))(
  'a token that is wrong is in the audit once: %s',
  async (_name, tryToGetIn) => {
    const { url, lines } = await openAuthServer({ kind: 'token' }, { audit: 'log' });
    await tryToGetIn(url, bearer('wrong'));
    const audit = () => lines.filter(({ msg }) => msg === 'audit');
    await expect.poll(audit).toHaveLength(1);
    expect(audit()).toMatchObject([{ event: 'refusal', userId: null, result: 'UNAUTHENTICATED' }]);
  },
);
