import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { exchange, TestStore } from '../store.ts';

const PAGE = 4_096;

/** The number of pages in the WAL of the store's index. */
function pagesInLog(store: TestStore): number {
  const index = new DatabaseSync(store.path('index.db'), { readOnly: true });
  try {
    return (index.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number }).log;
  } finally {
    index.close();
  }
}

function warnings(store: TestStore): string[] {
  return store.said.filter(({ level }) => level !== 'info').map(({ message }) => message);
}

const IDS = Array.from({ length: 100 }, (_, n) => `session-${n}`);

/** Appends to one session after the other, each in a commit of its own. Returns the number of pages that the WAL grew by. */
async function appendToEach(store: TestStore, repository: SessionRepository, text: number): Promise<number> {
  const before = pagesInLog(store);
  for (const sessionId of IDS) await repository.append({ sessionId, messages: exchange(text) });
  return Math.max(0, pagesInLog(store) - before);
}

test('the log of the index does not grow with what is written, and goes when the store is closed', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  await Promise.all(IDS.map((id) => repository.create({ id })));
  // How far it grows before it begins anew is up to the thread that takes it in, which others on the machine can hold up.
  const isMuchMore = (written: number) => written * PAGE > 1.5 * statSync(store.path('index.db-wal')).size;
  for (let written = 0; written < 10_000 || !isMuchMore(written); )
    written += await appendToEach(store, repository, written);
  // It begins anew with a write.
  while (pagesInLog(store) >= 4_000) await appendToEach(store, repository, 0);
  expect(warnings(store)).toEqual([]);
  await repository.close();
  expect(existsSync(store.path('index.db-wal'))).toBe(false);
}, 120_000);

test('the store is closed while its log is being taken in', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    await Promise.all(IDS.map((id) => repository.create({ id })));
    while (pagesInLog(store) < 2_000) await appendToEach(store, repository, 1);
    await appendToEach(store, repository, 2);
  });
  expect(existsSync(store.path('index.db-wal'))).toBe(false);
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
  expect(warnings(store)).toEqual([]);
}, 120_000);
