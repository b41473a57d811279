import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { exchange, TestStore } from './store.ts';

/** Pages that are in the log of the store's index, and not yet begun anew. */
function pagesInLog(store: TestStore): number {
  const index = new DatabaseSync(store.path('index.db'), { readOnly: true });
  try {
    return (index.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number }).log;
  } finally {
    index.close();
  }
}

test('the log of the index does not grow with what is written, and goes when the store is closed', async () => {
  const store = await TestStore.make();
  const repository = await store.open();
  const ids = Array.from({ length: 100 }, (_, n) => `session-${n}`);
  await Promise.all(ids.map((id) => repository.create({ id })));
  let written = 0;
  while (written < 20_000) {
    const before = pagesInLog(store);
    // One after the other: each is a commit, and its pages, of its own.
    for (const sessionId of ids) await repository.append({ sessionId, messages: exchange(written) });
    written += Math.max(0, pagesInLog(store) - before);
  }
  await vi.waitFor(() => expect(pagesInLog(store)).toBeLessThan(4_000), 10_000);
  expect(statSync(store.path('index.db-wal')).size).toBeLessThan(8_000 * 4_096);
  expect(store.said.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  await repository.close();
  expect(existsSync(store.path('index.db-wal'))).toBe(false);
}, 60_000);

test('the store is closed while its log is being taken in', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'a' });
    for (let n = 0; n < 70; n += 1) await repository.append({ sessionId: 'a', messages: exchange(n) });
  });
  expect(existsSync(store.path('index.db-wal'))).toBe(false);
  expect(existsSync(store.path('index.clean.json'))).toBe(true);
});
