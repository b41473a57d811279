import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, it } from 'vitest';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { everything } from '../contract/everything.ts';
import { exchange, say, TestStore } from './store.ts';

/** More than are read one by one: another thread reads them ahead. */
const MANY = 2_300;

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'root' });
    await Promise.all(Array.from({ length: MANY }, (_, n) => grow(repository, n)));
    // Larger than what is read ahead.
    await repository.create({ id: 'large', messages: [say('x'.repeat(100_000)), say('the end')] });
    await repository.create({ id: 'damaged', messages: exchange(1) });
    for (const n of [2, 3]) await repository.append({ sessionId: 'damaged', messages: exchange(n) });
  });
}, 60_000);

async function grow(repository: SessionRepository, n: number): Promise<void> {
  const id = `session-${n}`;
  await repository.create({
    id,
    parentId: 'root',
    metadata: { n },
    messages: n % 3 === 0 ? exchange(n) : [],
  });
}

/** All answers, with nothing that only tells when a fault was seen. */
async function answers(repository: SessionRepository) {
  const { status, ...all } = await everything(repository);
  return { ...all, faults: status.quarantined.map(({ path, reason }) => `${path}: ${reason}`) };
}

it('an index of many files is built again with every answer as before, faults and all', async () => {
  store.edit('damaged', (bytes) => {
    bytes[bytes.indexOf('question 2')] = 0x51;
    return bytes;
  });
  writeFileSync(store.sessionFile('empty'), '');
  writeFileSync(`${store.sessionFile('root')}.txt`, 'no session');
  symlinkSync(store.sessionFile('root'), store.sessionFile('link'));
  // The damage shows when its line is read.
  await store.during(answers);
  const before = await store.during(answers);
  expect(before.ids).toHaveLength(MANY + 3);
  expect(before.faults).toHaveLength(4);
  rmSync(store.path('index.db'));
  expect(await store.during(answers)).toEqual(before);
}, 60_000);
