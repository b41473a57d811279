import { expect, test } from 'vitest';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { openTestRepository } from '../../support/repository.ts';
import { openLive, openSocket, stream, until, WATCH } from './support.ts';

/** `repository`, whose calls of `method` fail with an error of a bug once `fail` was called. */
function breakable(repository: SessionRepository, method: keyof SessionRepository) {
  let isBroken = false;
  const broken = new Proxy(repository, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === method && isBroken) return () => Promise.reject(new Error('secret of the store'));
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const fail = () => {
    isBroken = true;
  };
  return { repository: broken, fail };
}

test('an error within an event is masked, and the subscription goes on', async () => {
  const { repository, fail } = breakable(await openTestRepository(), 'findMany');
  const { url, lines } = await openLive({ repository });
  const events = await stream(url, { query: WATCH });
  await events.changes();
  fail();
  await repository.create({ id: 'a' });
  const { data, errors } = JSON.parse((await events.next())!.data);
  expect(data.sessionChanges.changes).toMatchObject([{ sessionId: 'a', session: null }]);
  expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
  expect(events.text).not.toContain('secret');
  expect(lines).toMatchObject([{ msg: 'Internal error', err: { message: 'secret of the store' } }]);
  await repository.create({ id: 'b' });
  expect((await events.changes()).changes).toMatchObject([{ sessionId: 'b' }]);
});

test('an event that cannot be made ends the subscription, with an error that is masked', async () => {
  const { repository, fail } = breakable(await openTestRepository(), 'changesSince');
  const { url, socketUrl, subscriptions } = await openLive({ repository });
  const events = await stream(url, { query: WATCH });
  await events.changes();
  const socket = await openSocket(socketUrl);
  socket.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
  await socket.next();
  fail();
  await repository.create({ id: 'a' });
  const failed = {
    data: null,
    errors: [{ path: ['sessionChanges'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
  };
  expect(JSON.parse((await events.next())!.data)).toMatchObject(failed);
  expect(await events.next()).toMatchObject({ event: 'complete' });
  expect(await events.next()).toBe(null);
  expect(await socket.next()).toMatchObject({ type: 'next', payload: failed });
  expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
  expect(events.text).not.toContain('secret');
  await until(() => subscriptions() === 0);
});

test('the error of an event that cannot be made has the alias of the field in its path', async () => {
  const { repository, fail } = breakable(await openTestRepository(), 'changesSince');
  const { url } = await openLive({ repository });
  const events = await stream(url, { query: 'subscription { trip: sessionChanges { cursor } }' });
  await events.next();
  fail();
  await repository.create({ id: 'a' });
  expect(JSON.parse((await events.next())!.data)).toMatchObject({ errors: [{ path: ['trip'] }] });
});

test('an event whose answer exceeds the budget is sent in parts', async () => {
  const { url, repository, cursor } = await openLive({ limits: { objects: 10 } });
  const after = await cursor();
  for (let n = 0; n < 32; n += 1) await repository.create({ id: `s${n}` });
  const events = await stream(url, { query: WATCH, variables: { after } });
  const seen: string[] = [];
  for (let isUpToDate = false; !isUpToDate; ) {
    const event = await events.changes();
    expect(event.changes.length).toBeLessThanOrEqual(10);
    seen.push(...event.changes.map(({ sessionId }) => sessionId));
    ({ isUpToDate } = event);
  }
  expect(seen).toEqual(Array.from({ length: 32 }, (_, n) => `s${n}`));
});

test('one change that exceeds the budget alone ends the subscription', async () => {
  const { url, repository } = await openLive({ limits: { textBytes: 100 } });
  const query = 'subscription { sessionChanges { cursor changes { session { metadata } } } }';
  const events = await stream(url, { query });
  await events.next();
  await repository.create({ id: 'a', metadata: { long: 'x'.repeat(200) } });
  expect(JSON.parse((await events.next())!.data)).toMatchObject({
    data: null,
    errors: [{ extensions: { code: 'BUDGET_EXCEEDED' } }],
  });
  expect(await events.next()).toMatchObject({ event: 'complete' });
});

test('an event for which there is no room comes later', async () => {
  const { url, repository } = await openLive({ limits: { answersBytes: 200_000 } });
  await repository.create({ id: 'a' });
  const query =
    'subscription ($n: Int) { sessionChanges { cursor changes { sessionId messages(first: $n) { content } } } }';
  const [one, two] = [
    await stream(url, { query, variables: { n: 1 } }),
    await stream(url, { query, variables: { n: 2 } }),
  ];
  for (const events of [one, two]) await events.next();
  const content = 'x'.repeat(150_000);
  await repository.append({ sessionId: 'a', messages: [{ role: 'USER', content }] });
  for (const events of [one, two]) expect((await events.next())!.data).toContain(content);
});

test('what happens while there is no room for the first event is told', async () => {
  const target = await openTestRepository();
  const room = Promise.withResolvers<void>();
  const calls: PropertyKey[] = [];
  const repository = new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name === 'onChange') return value.bind(target);
      return async (...args: unknown[]) => {
        calls.push(name);
        if (name === 'findMany') await room.promise;
        return value.apply(target, args);
      };
    },
  });
  const { socketUrl, query } = await openLive({ repository, limits: { operations: 1 } });
  const socket = await openSocket(socketUrl);
  // One is executed, four wait, and there is no room for more.
  const requests = Array.from({ length: 6 }, () => query('{ session(id: "a") { id } }'));
  await Promise.race(requests);
  socket.send({ id: '1', type: 'subscribe', payload: { query: WATCH } });
  await until(() => calls.includes('changesSince'));
  await target.create({ id: 'a' });
  room.resolve();
  await Promise.all(requests);
  expect(await socket.next()).toMatchObject({
    payload: { data: { sessionChanges: { changes: [{ kind: 'CREATED', sessionId: 'a' }] } } },
  });
});
