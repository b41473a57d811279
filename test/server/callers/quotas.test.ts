import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quotasOf } from '../../../src/server/auth/quotas.ts';
import { startLimited } from '../admission/support.ts';
import { until } from '../live/support.ts';
import { JSON_TYPE } from '../support.ts';
import { openCallers, RATE_LIMITED } from './support.ts';

const PING = '{ __typename }';

test('a quota holds for its user without a restart, and so does its end', async () => {
  const { directory, ada, bob } = await openCallers({});
  const quotas = quotasOf(directory);
  expect(await ada.post(PING)).toMatchObject({ status: 200 });
  await quotas.set('ada', { requests: 1 });
  await until(async () => (await ada.post(PING)).status === 429, 'a refusal');
  expect(await bob.post(PING)).toMatchObject({ status: 200 });
  await quotas.set('ada', { requests: 10_000 });
  await until(async () => (await ada.post(PING)).status === 200, 'the larger quota');
  await quotas.set('ada', { requests: 1 });
  await until(async () => (await ada.post(PING)).status === 429, 'a refusal');
  expect(await quotas.unset('ada')).toBe(true);
  await until(async () => (await ada.post(PING)).status === 200, 'the limits');
});

test('a quota of one thing leaves the others as the limits say', async () => {
  const { directory, ada } = await openCallers({ callerMutations: 1 });
  await quotasOf(directory).set('ada', { requests: 10_000 });
  const create = 'mutation { createSession(input: {}) { __typename } }';
  expect(await ada.post(create)).toMatchObject({ status: 200 });
  expect(await ada.post(create)).toMatchObject(RATE_LIMITED);
});

test('while the file is damaged, what was read last holds, and the log says why', async () => {
  const { directory, ada, bob, lines } = await openCallers({});
  await quotasOf(directory).set('ada', { requests: 0 });
  await until(async () => (await ada.post(PING)).status === 429, 'a refusal');
  await writeFile(join(directory, 'auth/quotas.json'), '{"users": {"ada": {"request": 5}}}');
  const isReported = () => lines.some(({ msg }) => String(msg).includes('the quotas cannot be read'));
  await until(async () => (await bob.post(PING)).status === 200 && isReported(), 'a line in the log');
  expect(await ada.post(PING)).toMatchObject(RATE_LIMITED);
  await writeFile(join(directory, 'auth/quotas.json'), '{"users": {}}');
  await until(async () => (await ada.post(PING)).status === 200, 'the end of the quota');
});

test('without authentication nothing is counted', async () => {
  const limits = {
    callerRequests: 1,
    callerMutations: 1,
    callerBytes: 1,
    callerSubscriptions: 1,
    callerSessions: 1,
  };
  const { url } = await startLimited(limits);
  const body = JSON.stringify({ query: 'mutation { createSession(input: {}) { __typename } }' });
  for (let n = 0; n < 3; n += 1) {
    const response = await fetch(url, { method: 'POST', headers: JSON_TYPE, body });
    expect(await response.json()).toEqual({
      data: { createSession: { __typename: 'CreateSessionPayload' } },
    });
  }
});
