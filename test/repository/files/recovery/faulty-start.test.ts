import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { isSettled } from '../../../../src/repository/files/disk/known-file.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { contents, exchange, TestStore } from '../store.ts';

/** Faults of the file of session "a". */
const FAULTS: Record<string, (store: TestStore) => void> = {
  'has a damaged line': (store) => store.edit('a', (bytes) => noise(bytes, bytes.length - 40)),
  'has a damaged first line': (store) => store.edit('a', (bytes) => noise(bytes, 20)),
  'is empty': (store) => store.edit('a', () => Buffer.alloc(0)),
  'is replaced by a link': (store) => {
    rmSync(store.sessionFile('a'));
    symlinkSync(store.sessionFile('b'), store.sessionFile('a'));
  },
  'is replaced by a folder': (store) => {
    rmSync(store.sessionFile('a'));
    mkdirSync(store.sessionFile('a'));
  },
};
const noise = (bytes: Buffer, at: number) => Buffer.from(bytes).fill('noise', at, at + 5);

/** The log lines about files that were read again because they seemed changed. */
const readAgain = (store: TestStore) =>
  store.said.filter(({ message }) => message.includes('reading it again'));

/** Reads session "a" as a request does. */
const find = async (repository: SessionRepository) => (await repository.findMany(['a']))[0];

it.each(Object.keys(FAULTS))('a file that %s is read by the start alone, until it changes', async (fault) => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['a', 'b']) await repository.create({ id });
    await repository.append({ sessionId: 'a', messages: exchange(1) });
  });
  const good = readFileSync(store.sessionFile('a'));
  FAULTS[fault]!(store);
  // As after a crash: the start compares all files with the index.
  rmSync(store.path('index.clean.json'));
  // A file that has just changed is read once more, because its timestamps may not show another change.
  const { ctimeMs } = lstatSync(store.sessionFile('a'));
  while (!isSettled(ctimeMs, Date.now())) await delay(10);
  const repository = await store.open();
  await find(repository);
  await find(repository);
  expect((await repository.status()).quarantined).toHaveLength(1);
  expect(readAgain(store)).toEqual([]);

  rmSync(store.sessionFile('a'), { recursive: true });
  writeFileSync(store.sessionFile('a'), good);
  expect(await find(repository)).toMatchObject({ damage: [] });
  expect(await contents(repository, 'a')).toEqual(['question 1', 'answer 1']);
  expect(readAgain(store)).toHaveLength(1);
});
