import { expect, test } from 'vitest';
import { EVENT_STREAM, stream, until, WATCH } from '../live/support.ts';
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
