import { rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StorageError } from '../../../../src/model/errors.ts';
import { exchange, TestStore } from '../store.ts';

const { Worker } = workerThreads;

function put(worker: typeof Worker): void {
  workerThreads.Worker = worker;
  syncBuiltinESMExports();
}

/** As in a container that limits the number of threads. */
class NoThread {
  constructor() {
    throw Object.assign(new Error('Worker initialization failure: EAGAIN'), {
      code: 'ERR_WORKER_INIT_FAILED',
    });
  }
}

beforeEach(() => put(NoThread as never));
afterEach(() => put(Worker));

const IDS = Array.from({ length: 2_500 }, (_, n) => `session-${n}`);

function told(store: TestStore): string[] {
  return store.said.filter(({ level }) => level !== 'info').map(({ message }) => message);
}

test('where no thread can be started, every mutation is answered, and the operator is told once', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of IDS.slice(0, 100)) await repository.create({ id });
    for (let n = 0; n < 100; n += 1)
      await repository.append({ sessionId: 'session-0', messages: exchange(n) });
    await repository.delete({ sessionId: 'session-1', mode: 'CASCADE' });
  });
  expect(told(store).filter((message) => message.startsWith('no thread can checkpoint'))).toHaveLength(1);
  await store.during(async (repository) => {
    const found = await repository.findMany(IDS.slice(0, 100));
    expect(found.filter((session) => session != null)).toHaveLength(99);
    expect(found[0]).toMatchObject({ historyLength: 200, version: 101 });
  });
});

test('where no thread can be started, the index is built, files are synced, and a search says that it cannot be had', async () => {
  const store = await TestStore.make();
  await store.during((repository) => Promise.all(IDS.map((id) => repository.create({ id }))));
  rmSync(store.path('index.db'));
  await store.during(async (repository) => {
    expect(await repository.count({})).toBe(IDS.length);
    const search = repository.search({ query: 'word', limit: 10 });
    await expect(search).rejects.toThrow(StorageError);
  });
  // How many commits 2,500 creations make, and so whether a checkpoint is due, depends on the disk's speed.
  expect(told(store).filter((message) => !/search|checkpoint the index/.test(message))).toEqual([]);
});
