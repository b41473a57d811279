import { renameSync, utimesSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { IndexDatabase } from '../../../src/repository/files/index/database.ts';
import { layoutOf } from '../../../src/repository/files/layout.ts';
import { Sweep } from '../../../src/repository/files/sweep.ts';
import { TestStore } from './store.ts';

/** Between two looks at all files. */
const ROUND = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets what was begun go on until `done`, however long the disk takes. */
async function until(done: () => boolean): Promise<void> {
  for (let turns = 0; turns < 10_000 && !done(); turns += 1) {
    await vi.advanceTimersByTimeAsync(1);
    await turn();
  }
  expect(done()).toBe(true);
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
  // A hundred at a time, with a rest in between.
  await vi.advanceTimersByTimeAsync(1 + 1_000);
  await until(() => warned().length >= 2);
  expect(warned().map(({ fields }) => fields)).toEqual([
    { path: expect.stringContaining('s3.jsonl') },
    { path: expect.stringContaining('s249.jsonl') },
  ]);
  expect(await repository.findMany(['s3', 's249'])).toMatchObject([null, { id: 's249' }]);
});

test('it goes round all sessions again and again, and keeps none of them in memory', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (let n = 0; n < 120; n += 1) await repository.create({ id: `s${n}` });
  });
  const { store: storeId } = JSON.parse(store.lines('s0')[0]!) as { store: string };
  const layout = layoutOf(store.directory);
  const db = IndexDatabase.open(layout.index, storeId, { readOnly: false, verify: false })!;
  const looked: string[] = [];
  const look = async (each: string) => void looked.push(each);
  const sweep = new Sweep(db, layout, look, { debug() {}, info() {}, warn() {}, error() {} });
  try {
    for (const each of ['s5', 's119']) utimesSync(store.sessionFile(each), new Date(), new Date(1e12));
    await vi.advanceTimersByTimeAsync(ROUND + 1_000);
    expect(looked).toEqual(['s5', 's119']);
    await vi.advanceTimersByTimeAsync(ROUND + 1_000);
    expect(looked).toEqual(['s5', 's119', 's5', 's119']);
    for (let n = 0; n < 120; n += 1) expect(db.recent.get(`s${n}`)).toBeUndefined();
  } finally {
    await sweep.stop();
    db.close();
  }
});
