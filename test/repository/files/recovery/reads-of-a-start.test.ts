import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { operationOf } from '../../../../src/model/operation.ts';
import { TestStore } from '../store.ts';

const OPEN = JSON.stringify(new URL('../../../../src/repository/files/open.ts', import.meta.url).href);
const CHECK = JSON.stringify(
  new URL('../../../../src/repository/files/tools/check.ts', import.meta.url).href,
);
const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** The number of bytes that a process reads from the store's log while it runs `program`, which prints "done". */
function bytesReadOfLog(store: TestStore, program: string): number {
  const trace = store.path('trace');
  const node = [process.execPath, '--input-type=module', '--eval', program];
  const traced = ['-P', store.path('store.jsonl'), '-e', 'trace=read,pread64,readv,preadv'];
  const run = spawnSync('strace', ['-f', ...traced, '-o', trace, ...node]);
  expect(run.stdout.toString()).toBe('done');
  const lengths = readFileSync(trace, 'utf8').matchAll(/^\d+ +p?readv?(?:64)?\(.* = (\d+)$/gm);
  return [...lengths].reduce((sum, [, length]) => sum + Number(length), 0);
}

describe.skipIf(!hasStrace)('the log of the store (seen with strace; skipped where there is none)', () => {
  let store: TestStore;
  const start = (end: string) => `
    import { openFileRepository } from ${OPEN};
    const repository = await openFileRepository({ directory: ${JSON.stringify(store.directory)} });
    ${end}
    process.stdout.write('done');
  `;
  const openAndClose = () => bytesReadOfLog(store, start('await repository.close();'));
  const sizeOfLog = () => statSync(store.path('store.jsonl')).size;
  const expectOneReading = (bytes: number) => {
    expect(bytes).toBeGreaterThanOrEqual(sizeOfLog());
    // Besides one read of the whole log, the first line is read for the store's id, and the last is compared with the journal.
    expect(bytes).toBeLessThan(1.5 * sizeOfLog());
  };

  beforeEach(async () => {
    store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a' });
      for (let n = 0; n < 200; n += 1)
        await repository.archive({ sessionId: 'a', subtree: false, archived: n % 2 === 0 });
    });
    expect(sizeOfLog()).toBeGreaterThan(16_000);
  });

  it('is read once by a start after a clean stop', () => {
    expectOneReading(openAndClose());
  });

  it('is read once by a start after a crash, with a journal to replay', () => {
    // Ends without a close, as a crash does.
    const crash = start(
      "await repository.archive({ sessionId: 'a', subtree: false, archived: true }); setTimeout(() => process.kill(process.pid, 'SIGKILL'));",
    );
    bytesReadOfLog(store, crash);
    expect(readdirSync(store.path('journal'))).not.toEqual([]);
    expectOneReading(openAndClose());
  });

  it('is read once by a start without an index', () => {
    rmSync(store.path('index.db'));
    expectOneReading(openAndClose());
    expect(existsSync(store.path('index.db'))).toBe(true);
  });

  it('is read once by a check', async () => {
    const program = `
      import { checkDataDirectory } from ${CHECK};
      const { problems } = await checkDataDirectory({ directory: ${JSON.stringify(store.directory)} });
      process.stdout.write(problems.length === 0 ? 'done' : JSON.stringify(problems));
    `;
    expectOneReading(bytesReadOfLog(store, program));
  });
});

it('a start writes none of the deletions that the index already has', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'top' });
    for (let n = 0; n < 500; n += 1) {
      const id = `s${n}`;
      await repository.create({ id, parentId: 'top' }, operationOf(`create ${n}`, 'create', { id }));
    }
    const input = { sessionId: 'top', mode: 'CASCADE' } as const;
    await repository.delete(input, operationOf('delete', 'delete', input));
  });
  const sizeOfIndex = statSync(store.path('index.db')).size;
  await store.during(async () => {
    expect(statSync(store.path('index.db-wal')).size).toBeLessThan(sizeOfIndex / 10);
  });
});
