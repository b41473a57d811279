import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, it } from 'vitest';
import { checkDataDirectory } from '../../../../src/repository/files/tools/check.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { everything } from '../../contract/everything.ts';
import { ALL, idsOf, MUCH, operation } from '../../contract/store.ts';
import { exchange, say, TestStore } from '../store.ts';

/** Sessions: so many that worker threads read the files ahead. */
const MANY = 2_300;

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'root' });
    await Promise.all(Array.from({ length: MANY }, (_, n) => grow(repository, n)));
    // Larger than the files that the workers read.
    await repository.create({ id: 'large', messages: [say('x'.repeat(100_000)), say('the end')] });
    await repository.create({ id: 'damaged', messages: exchange(1) });
    for (const n of [2, 3]) await repository.append({ sessionId: 'damaged', messages: exchange(n) });
    await repository.fork({ id: 'fork', sessionId: 'session-3', asRoot: false });
    // The store's log has one of the session's versions, for which the session's file has no line.
    await repository.move({ sessionId: 'session-2', parentId: 'session-9' });
    await repository.append({ sessionId: 'session-2', messages: exchange(2) });
    await repository.delete({ sessionId: 'session-11', mode: 'CASCADE' });
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
  if (n % 5 === 0) {
    const usage = { inputTokens: n, outputTokens: 1, costUsd: 0.1 };
    const messages = [say('one'), say('two'), { ...say('three'), usage }];
    await repository.append({ sessionId: id, messages }, appendOperation(n));
    await repository.update({ sessionId: id, title: `Session ${n}`, metadata: { even: n % 2 === 0 } });
  }
  if (n % 15 === 0) await repository.truncate({ sessionId: id, keep: 1 }, MUCH);
}

const appendOperation = (n: number) => operation(`append-${n}`, n);

/** The results of all queries, without the times at which faults were found. */
async function answers(repository: SessionRepository) {
  const { status, ...all } = await everything(repository);
  const even = await repository.list(
    { metadata: { even: true } },
    { field: 'CREATED_AT', direction: 'ASC' },
    ALL,
  );
  return {
    ...all,
    even: idsOf(even.items),
    faults: status.quarantined.map(({ path, reason }) => `${path}: ${reason}`),
  };
}

it('an index of many files is built again with every answer as before, faults and all', async () => {
  store.edit('damaged', (bytes) => {
    bytes[bytes.indexOf('question 2')] = 0x51;
    return bytes;
  });
  writeFileSync(store.sessionFile('empty'), '');
  writeFileSync(`${store.sessionFile('root')}.txt`, 'no session');
  symlinkSync(store.sessionFile('root'), store.sessionFile('link'));
  // The damage is found when its line is read.
  await store.during(answers);
  const before = await store.during(answers);
  expect(before.ids).toHaveLength(MANY + 3);
  expect(before.faults).toHaveLength(4);
  rmSync(store.path('index.db'));
  expect(await store.during(answers)).toEqual(before);
  expect(before.even).toHaveLength(MANY / 10);
  await store.during(async (repository) => {
    // A retry changes nothing.
    const again = await repository.append({ sessionId: 'session-5', messages: [] }, appendOperation(5));
    expect([again.session]).toEqual(await repository.findMany(['session-5']));
  });
}, 60_000);

it('check finds nothing wrong with a session that was written between its two looks at it', async () => {
  const repository = await store.open();
  // `check` reads this file first. Later writes to the file differ from what `check` has read.
  await repository.create({ id: 'a', metadata: { topic: 'travel' } });
  let comparing = false;
  const checked = checkDataDirectory({
    directory: store.directory,
    onProgress: (stage) => {
      comparing ||= stage === 'Comparing the index';
    },
  });
  while (!comparing) await repository.append({ sessionId: 'a', messages: exchange(1) });
  expect((await checked).problems).toEqual([]);
}, 60_000);
