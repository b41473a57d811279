import { readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { layoutOf } from '../../../../src/repository/files/format/layout.ts';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { Sweep } from '../../../../src/repository/files/recovery/sweep.ts';
import { TestStore } from '../store.ts';

/** Milliseconds between two rounds of the sweep. */
const ROUND = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Advances the fake time and runs pending work until `done`, however long the disk takes. */
async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < 10_000 && !(await done()); turns += 1) {
    await vi.advanceTimersByTimeAsync(1);
    await turn();
  }
  expect(await done()).toBe(true);
}

test('a file that somebody changed is read again within a minute, though nobody asks for it', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  for (let n = 0; n < 250; n += 1) await repository.create({ id: `s${n}` });
  const warned = () => store.said.filter(({ level }) => level === 'warn');
  utimesSync(store.sessionFile('s249'), new Date(), new Date(1e12));
  renameSync(store.sessionFile('s3'), `${store.sessionFile('s3')}.away`);

  await vi.advanceTimersByTimeAsync(ROUND - 1);
  expect(warned()).toEqual([]);
  // The sweep checks a hundred files, then rests.
  await vi.advanceTimersByTimeAsync(1 + 1_000);
  await until(() => warned().length >= 2);
  expect(warned().map(({ fields }) => fields)).toEqual([
    { path: expect.stringContaining('s3.jsonl') },
    { path: expect.stringContaining('s249.jsonl') },
  ]);
  expect(await repository.findMany(['s3', 's249'])).toMatchObject([null, { id: 's249' }]);
});

test('a file that was put back is found within a minute, though nobody asks for it', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['damaged', 'removed', 'moved']) await repository.create({ id });
  });
  const good = readFileSync(store.sessionFile('damaged'));
  writeFileSync(store.sessionFile('damaged'), Buffer.alloc(good.length));
  for (const id of ['removed', 'moved']) renameSync(store.sessionFile(id), store.path(id));
  writeFileSync(store.path('sessions', '00'), 'x');
  const repository = await store.open();
  expect((await repository.status()).quarantined).toMatchObject([{ path: 'sessions/00' }]);
  await vi.advanceTimersByTimeAsync(ROUND);
  await until(
    () =>
      store.said.filter(({ message }) => message.startsWith('another program changed the file')).length > 0,
  );
  writeFileSync(store.sessionFile('damaged'), good);
  renameSync(store.path('removed'), store.sessionFile('removed'));
  rmSync(store.path('sessions', '00'));
  await vi.advanceTimersByTimeAsync(ROUND + 1_000);
  await until(async () => {
    const { sessionCount, quarantined } = await repository.status();
    return sessionCount === 2 && quarantined.length === 0;
  });
});

test('the look at all files goes round all sessions again and again, and keeps none of them in memory', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (let n = 0; n < 120; n += 1) await repository.create({ id: `s${n}` });
  });
  const { store: storeId } = JSON.parse(store.lines('s0')[0]!) as { store: string };
  const layout = layoutOf(store.directory);
  const db = IndexDatabase.open(layout.index, storeId, { readOnly: false, verify: false })!;
  const looked: string[] = [];
  const look = async (each: string) => void looked.push(each);
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const sweep = new Sweep({ db, layout, changed: look, ended: async () => {}, logger });
  try {
    for (const each of ['s5', 's119']) utimesSync(store.sessionFile(each), new Date(), new Date(1e12));
    await vi.advanceTimersByTimeAsync(ROUND + 1_000);
    expect(looked).toEqual(['s5', 's119']);
    await vi.advanceTimersByTimeAsync(ROUND + 1_000);
    expect(looked).toEqual(['s5', 's119', 's5', 's119']);
    for (let n = 0; n < 120; n += 1) expect(db.sessions.cached(`s${n}`)).toBeUndefined();
  } finally {
    await sweep.stop();
    db.close();
  }
});

test('the look at all files rests among sessions with faults too', async () => {
  const store = await TestStore.make();
  const ids = Array.from({ length: 150 }, (_, n) => `s${n}`);
  await store.during(async (repository) => {
    for (const id of ids) await repository.create({ id });
  });
  const { store: storeId } = JSON.parse(store.lines('s0')[0]!) as { store: string };
  for (const id of ids) store.edit(id, (bytes) => bytes.fill('noise', 20, 25));
  rmSync(store.path('index.clean.json'));
  await store.during(async () => {});
  const layout = layoutOf(store.directory);
  const db = IndexDatabase.open(layout.index, storeId, { readOnly: false, verify: false })!;
  const looked: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const look = async (each: string) => void looked.push(each);
  const sweep = new Sweep({ db, layout, changed: look, ended: async () => {}, logger });
  try {
    await vi.advanceTimersByTimeAsync(ROUND);
    expect(looked).toHaveLength(100);
    await vi.advanceTimersByTimeAsync(200);
    expect(looked.slice(0, 150)).toEqual(expect.arrayContaining(ids));
  } finally {
    await sweep.stop();
    db.close();
  }
});

test('a file that could not be taken in is looked at again in the next round, though its folder has not changed', async () => {
  const store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'a' }));
  const { store: storeId } = JSON.parse(store.lines('a')[0]!) as { store: string };
  const layout = layoutOf(store.directory);
  renameSync(store.sessionFile('a'), store.path('away'));
  await store.during(async () => {});
  renameSync(store.path('away'), store.sessionFile('a'));
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(dirname(store.sessionFile('a')), longAgo, longAgo);
  const db = IndexDatabase.open(layout.index, storeId, { readOnly: false, verify: false })!;
  const looked: string[] = [];
  const look = async (each: string) => {
    looked.push(each);
    if (looked.length === 1) throw new Error('Not now.');
  };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const sweep = new Sweep({ db, layout, changed: look, ended: async () => {}, logger });
  try {
    for (const expected of [1, 2, 2]) {
      await vi.advanceTimersByTimeAsync(ROUND + 1_000);
      expect(looked).toHaveLength(expected);
    }
  } finally {
    await sweep.stop();
    db.close();
  }
});
