import { expect, test } from 'vitest';
import type { Caller } from '../../../src/model/caller.ts';
import { createSessiontreeYoga } from '../../../src/server/yoga.ts';
import { openTestRepository } from '../../support/repository.ts';
import { EVENT_STREAM, ReadStream, stream, until, WATCH } from '../live/support.ts';
import { createTestLogger, ENDPOINT, JSON_TYPE } from '../support.ts';
import { openCallers, RATE_LIMITED } from './support.ts';

test('subscriptions: a caller with as many as it may have open gets no further one until one is closed', async () => {
  const { url, ada, bob, subscriptions } = await openCallers({ callerSubscriptions: 2 });
  const authorization = { authorization: ada.authorization };
  const first = await stream(url, { query: WATCH }, authorization);
  const socket = await ada.socket();
  socket.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
  expect(await socket.next()).toMatchObject({ id: '1', type: 'next' });

  const refused = await ada.post(WATCH, {}, EVENT_STREAM);
  expect(refused).toMatchObject({ ...RATE_LIMITED, retryAfter: 1 });
  expect(refused.message).toContain('at most 2 subscriptions');
  socket.send({ id: '2', type: 'subscribe', payload: { query: WATCH } });
  expect(await socket.next()).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'RATE_LIMITED' } }],
  });
  const others = await stream(url, { query: WATCH }, { authorization: bob.authorization });
  expect(await others.next()).not.toBeNull();

  expect(subscriptions()).toBe(3);
  socket.send({ id: '1', type: 'complete' });
  await until(() => subscriptions() === 2, 'the end of a subscription');
  expect(await (await stream(url, { query: WATCH }, authorization)).next()).not.toBeNull();
  expect(await first.next()).not.toBeNull();
});

test('WebSockets: one too many is closed, and has a place once another is closed', async () => {
  const { ada, bob } = await openCallers({ callerSubscriptions: 1 });
  const first = await ada.socket();
  await expect(ada.socket()).rejects.toThrow('1013');
  await bob.socket();
  first.ws.close();
  await until(
    () =>
      ada.socket().then(
        () => true,
        () => false,
      ),
    'a place',
  );
});

test('subscriptions to `yoga.fetch` count, too', async () => {
  const caller: Caller = { userId: 'ada', scope: 'read', subtreeId: null, tokenId: null, expiresAt: null };
  const yoga = createSessiontreeYoga({
    repository: await openTestRepository(),
    logger: createTestLogger().logger,
    authenticate: () => caller,
    quotaOf: (userId) => (userId === 'ada' ? { subscriptions: 1 } : null),
  });
  const subscribe = () =>
    yoga.fetch(ENDPOINT, {
      method: 'POST',
      headers: { ...JSON_TYPE, ...EVENT_STREAM },
      body: JSON.stringify({ query: WATCH }),
    });
  const open = new ReadStream(await subscribe());
  expect(await open.changes()).toMatchObject({ isUpToDate: true });
  expect(await (await subscribe()).text()).toContain('"RATE_LIMITED"');
  await open.close();
  await until(async () => {
    const next = new ReadStream(await subscribe());
    const isOpen = (await next.next())?.data.includes('isUpToDate') ?? false;
    await next.close();
    return isOpen;
  }, 'a place');
});
