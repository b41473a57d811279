import { expect, test } from 'vitest';
import type { Caller } from '../../../src/model/caller.ts';
import type { Authenticate } from '../../../src/server/auth/authenticate.ts';
import { send } from '../../support/http-client.ts';
import { openHeld, sessionRequest } from '../admission/support.ts';
import { until } from '../live/support.ts';

const byHeader: Authenticate = ({ header }): Caller => ({
  userId: String(header('x-user')),
  scope: 'admin',
  subtreeId: null,
  tokenId: null,
  expiresAt: null,
});

test.each([
  ['small requests', 0],
  ['large bodies', 70_000],
])('a caller whose %s take all that it may have leaves places for others', async (_what, bytes) => {
  const { port, held, release } = await openHeld({ operations: 4 }, undefined, byHeader);
  const ask = (user: string, id: string) => {
    const request = sessionRequest(id, bytes);
    return send(port, { ...request, headers: { ...request.headers, 'x-user': user } });
  };
  const adas = Array.from({ length: 10 }, () => ask('ada', 'held'));
  await until(() => held.length === 2, 'the share of ada');
  for (let n = 0; n < 3; n += 1) expect(await ask('bob', 'unknown')).toMatchObject({ status: 200 });
  expect(held).toHaveLength(2);
  release();
  for (const answer of await Promise.all(adas)) expect(answer.status).toBe(200);
});

test('a caller that fills the queue gives way to another', async () => {
  const { port, held, release } = await openHeld({ operations: 2 }, undefined, byHeader);
  const ask = (user: string, id: string) => {
    const request = sessionRequest(id);
    return send(port, { ...request, headers: { ...request.headers, 'x-user': user } });
  };
  const refused: number[] = [];
  // One is executed, and eight may wait.
  const adas = Array.from({ length: 9 }, async () => {
    const { status } = await ask('ada', 'held');
    if (status === 503) refused.push(status);
  });
  await until(() => held.length === 1, 'the share of ada');
  const bob = ask('bob', 'held');
  await until(() => held.length === 2, 'the share of bob');
  const second = ask('bob', 'held');
  await until(() => refused.length === 1, 'a refusal of ada');
  release();
  expect([await bob, await second].map(({ status }) => status)).toEqual([200, 200]);
  await Promise.all(adas);
  expect(refused).toEqual([503]);
});
