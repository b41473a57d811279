import { expect, test } from 'vitest';
import type { Caller } from '../../../src/model/caller.ts';
import type { Authenticate } from '../../../src/server/auth/authenticate.ts';
import { openTestRepository } from '../../support/repository.ts';
import { watched } from '../../support/watched-repository.ts';
import { type LiveServerOptions, openLive, openSocket, stream, until, WATCH } from './support.ts';

const FULL = `subscription ($within: ID, $after: String, $no: Boolean = false) {
  sessionChanges(within: $within, after: $after) { cursor isUpToDate changes { sessionId session { id title @skip(if: $no) } } }
}`;

/** A server with a store whose calls are recorded, and the calls since `forget` was called. */
async function openCounted(options: LiveServerOptions = {}) {
  const { repository, calls } = watched(await openTestRepository());
  const server = await openLive({ ...options, repository });
  const count = (method: string) => calls.filter(([called]) => called === method).length;
  return { ...server, count, forget: () => void calls.splice(0) };
}

test('all who subscribe to the same share one read and one execution, over HTTP and WebSocket alike', async () => {
  const { url, socketUrl, repository, count, forget, subscriptions } = await openCounted();
  const streams = await Promise.all(Array.from({ length: 20 }, () => stream(url, { query: FULL })));
  for (const one of streams) await one.changes();
  const socket = await openSocket(socketUrl);
  for (let id = 0; id < 20; id += 1)
    socket.send({ id: String(id), type: 'subscribe', payload: { query: FULL } });
  for (let id = 0; id < 20; id += 1) await socket.next();
  expect(subscriptions()).toBe(40);
  forget();
  await repository.create({ id: 'a', title: 'one' });
  const seen = await Promise.all(streams.map((one) => one.next()));
  expect(new Set(seen.map((event) => JSON.stringify(event))).size).toBe(1);
  for (let id = 0; id < 20; id += 1) {
    const { payload } = await socket.next();
    expect(JSON.stringify(payload)).toBe(seen[0]!.data);
  }
  expect({ changes: count('changesSince'), sessions: count('findMany') }).toEqual({
    changes: 1,
    sessions: 1,
  });
});

test('subscribers that come from different cursors share what follows', async () => {
  const { url, repository, cursor, count, forget } = await openCounted();
  const cursors: string[] = [];
  for (const id of ['a', 'b', 'c']) {
    cursors.push(await cursor());
    await repository.create({ id });
  }
  const streams = await Promise.all(
    cursors.map((after) => stream(url, { query: FULL, variables: { after } })),
  );
  const first = await Promise.all(streams.map((one) => one.changes()));
  expect(first.map(({ changes }) => changes.length)).toEqual([3, 2, 1]);
  forget();
  await repository.create({ id: 'd' });
  for (const one of streams) expect((await one.changes()).changes).toMatchObject([{ sessionId: 'd' }]);
  expect({ changes: count('changesSince'), sessions: count('findMany') }).toEqual({
    changes: 1,
    sessions: 1,
  });
});

test('subscribers of other variables share nothing', async () => {
  const { url, repository } = await openLive();
  const titled = await stream(url, { query: FULL });
  const untitled = await stream(url, { query: FULL, variables: { no: true } });
  for (const one of [titled, untitled]) await one.changes();
  await repository.create({ id: 'a', title: 'one' });
  expect((await titled.next())!.data).toContain('"title"');
  expect((await untitled.next())!.data).not.toContain('"title"');
});

const ADA: Caller = { userId: 'ada', scope: 'write', subtreeId: null, tokenId: null, expiresAt: null };
const CALLERS: Readonly<Record<string, Caller>> = {
  ada: ADA,
  'ada, with another token': { ...ADA, tokenId: 'other' },
  'ada, reading': { ...ADA, scope: 'read' },
  'ada, of all trees': { ...ADA, scope: 'admin' },
  'ada, of a subtree': { ...ADA, subtreeId: 'trip' },
  bob: { ...ADA, userId: 'bob' },
};
const authenticate: Authenticate = ({ header }) => CALLERS[header('x-caller')!]!;
const as = (caller: string) => ({ 'x-caller': caller });

test('callers who subscribe to the same see each only what is theirs, over HTTP and WebSocket', async () => {
  const { url, socketUrl, repository } = await openLive({ authenticate });
  await repository.create({ id: 'trip', userId: 'ada' });
  // The first two changes in sight tell apart whose view an event is.
  const expected = {
    ada: ['own', 'trip'],
    bob: ['of bob', 'last of bob'],
    'ada, of all trees': ['own', 'of bob'],
    'ada, of a subtree': ['trip', 'flights'],
    'ada, reading': ['own', 'trip'],
  };
  const watching = await Promise.all(
    Object.keys(expected).map(async (caller) => {
      const events = await stream(url, { query: FULL }, as(caller));
      await events.changes();
      const socket = await openSocket(socketUrl, { headers: as(caller) });
      socket.send({ id: '1', type: 'subscribe', payload: { query: FULL } });
      await socket.next();
      return { caller, events, socket };
    }),
  );
  await repository.create({ id: 'own', userId: 'ada', title: 'own' });
  await repository.create({ id: 'of-bob', userId: 'bob', title: 'of bob' });
  await repository.update({ sessionId: 'trip', title: 'trip' });
  await repository.create({ id: 'flights', parentId: 'trip', title: 'flights' });
  await repository.create({ id: 'last-of-bob', userId: 'bob', title: 'last of bob' });
  const firstTwo = async (next: () => Promise<string>) => {
    const titles: unknown[] = [];
    while (titles.length < 2) {
      const { changes } = JSON.parse(await next()).data.sessionChanges;
      titles.push(...changes.map(({ session }: { session: { title: string } }) => session.title));
    }
    return titles.slice(0, 2);
  };
  const overHttp: Record<string, unknown> = {};
  const overWebSocket: Record<string, unknown> = {};
  for (const { caller, events, socket } of watching) {
    overHttp[caller] = await firstTwo(async () => (await events.next())!.data);
    overWebSocket[caller] = await firstTwo(async () => JSON.stringify((await socket.next()).payload));
  }
  expect(overHttp).toEqual(expected);
  expect(overWebSocket).toEqual(expected);
});

test('subscriptions of one caller share one read, whatever the token', async () => {
  const { url, repository, count, forget } = await openCounted({ authenticate });
  const callers = ['ada', 'ada', 'ada, with another token'];
  const streams = await Promise.all(callers.map((caller) => stream(url, { query: FULL }, as(caller))));
  for (const one of streams) await one.changes();
  forget();
  await repository.create({ id: 'a', userId: 'ada' });
  for (const one of streams) expect((await one.changes()).changes).toMatchObject([{ sessionId: 'a' }]);
  expect(count('changesSince')).toBe(1);
});

test('what happens within a short time goes out together', async () => {
  const { url, repository } = await openLive();
  const events = await stream(url, { query: WATCH });
  await events.changes();
  const startedAt = performance.now();
  for (let n = 0; n < 200; n += 1) await repository.create({ id: `s${n}` });
  let changes = 0;
  let count = 0;
  while (changes < 200) {
    changes += (await events.changes()).changes.length;
    count += 1;
  }
  expect(changes).toBe(200);
  // One each 25 milliseconds at most, however long that took.
  expect(count).toBeLessThanOrEqual((performance.now() - startedAt) / 25 + 1);
});

test('who subscribes to another tree hears nothing, and costs no read', async () => {
  const { url, repository, count, forget } = await openCounted();
  await repository.create({ id: 'quiet' });
  const events = await stream(url, { query: WATCH, variables: { within: 'quiet' } });
  await events.changes();
  forget();
  for (let n = 0; n < 100; n += 1) await repository.create({ id: `s${n}` });
  await repository.update({ sessionId: 'quiet', title: 'heard' });
  expect((await events.changes()).changes).toMatchObject([{ kind: 'UPDATED', sessionId: 'quiet' }]);
  expect(count('changesSince')).toBe(1);
});

test('a store that nobody watches has no listener, and is not read', async () => {
  const repository = await openTestRepository();
  let listeners = 0;
  const counting = new Proxy(repository, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'onChange') return typeof value === 'function' ? value.bind(target) : value;
      return (listener: () => void) => {
        listeners += 1;
        const stop = target.onChange(listener);
        return () => {
          listeners -= 1;
          stop();
        };
      };
    },
  });
  const { url, subscriptions } = await openLive({ repository: counting });
  expect(listeners).toBe(0);
  const [one, two] = [await stream(url, { query: WATCH }), await stream(url, { query: FULL })];
  await until(() => subscriptions() === 2);
  expect(listeners).toBe(1);
  await one.close();
  await two.close();
  await until(() => subscriptions() === 0);
  expect(listeners).toBe(0);
});
