import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { encodeLine } from '../../../../src/repository/files/format/line.ts';
import { openFileRepository, openFileRepositoryForReading } from '../../../../src/repository/files/open.ts';
import type { SessionReader } from '../../../../src/repository/repository.ts';
import { StoreProcess } from '../../../torture/store-process.ts';
import { hasPython, readStore } from '../second-reader.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

let store: TestStore;

const log = () => readFileSync(store.path('store.jsonl'), 'utf8');
const logRecords = () =>
  log()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Gives the log these records. The store must be closed. */
function writeLog(...records: readonly object[]): void {
  writeFileSync(store.path('store.jsonl'), Buffer.concat(records.map((record) => encodeLine(record))));
}

function withoutChecksum({ crc: _, ...record }: Record<string, unknown>): Record<string, unknown> {
  return record;
}

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'root', messages: exchange(1) });
    await repository.create({ id: 'child', parentId: 'root' });
    await repository.move({ sessionId: 'child', parentId: null });
  });
});

it('a new store says in the first line of its log that its format is 2', () => {
  expect(logRecords().map(({ op, format }) => [op, format])).toEqual([
    ['store', 2],
    ['move', undefined],
  ]);
});

describe('a store of format 1', () => {
  beforeEach(() => {
    const [header, ...others] = logRecords().map(withoutChecksum);
    writeLog({ ...header, format: 1 }, ...others);
  });

  const known = async (repository: SessionReader) => [
    await contents(repository, 'root'),
    (await repository.findMany(['child']))[0]!.parentId,
  ];
  const KNOWN = [['question 1', 'answer 1'], null];

  it('is read without a change of any file', async () => {
    const before = log();
    const reader = await openFileRepositoryForReading({ directory: store.directory });
    expect(await known(reader)).toEqual(KNOWN);
    await reader.close();
    expect(log()).toBe(before);
  });

  it('has format 2 in its log from its first start on, once, and what it had', async () => {
    const before = log();
    expect(await store.during(known)).toEqual(KNOWN);
    expect(log().startsWith(before)).toBe(true);
    const [, move, ...added] = logRecords();
    expect(added).toEqual([
      { seq: expect.any(Number), at: expect.any(String), op: 'format', format: 2, crc: expect.any(String) },
    ]);
    expect(added[0]!.seq).toBeGreaterThan(move!.seq as number);
    expect((added[0]!.at as string) >= (move!.at as string)).toBe(true);

    const after = log();
    await store.during(async (repository) => {
      expect(await known(repository)).toEqual(KNOWN);
      await repository.append({ sessionId: 'root', messages: [say('more')] });
    });
    expect(log()).toBe(after);
    expect(await store.problems()).toEqual([]);
  });

  it('takes changes of its trees after that, and gives every line a number of its own', async () => {
    await store.during((repository) => repository.move({ sessionId: 'child', parentId: 'root' }));
    const numbers = logRecords().map(({ seq }) => seq as number | undefined);
    expect(logRecords().map(({ op }) => op)).toEqual(['store', 'move', 'format', 'move']);
    expect(numbers.slice(1)).toEqual([...new Set(numbers.slice(1))].toSorted((a, b) => a! - b!));
  });

  it.skipIf(!hasPrlimit)(
    'takes no mutation before its log has format 2: with the first for which there is room (skipped without prlimit)',
    async () => {
      const [header, ...others] = logRecords().map(withoutChecksum);
      // A log that may not grow, where all other files may.
      writeLog(header!, { ...others[0], padding: 'x'.repeat(9 * 1024 * 1024) });
      const [logBefore, linesBefore] = [log(), store.lines('root')];
      const through = ['bash', '-c', 'trap "" XFSZ; ulimit -S -f 8192; exec "$0" "$@"'];
      const child = await StoreProcess.open(store.directory, { through });
      onTestFinished(() => child.kill());
      expect(child.said).toEqual([expect.stringMatching(/^warn: .*format.*until/)]);
      const append = () => child.call('append', { sessionId: 'root', messages: [say('more')] });
      expect(await append()).toMatchObject({ refusal: { name: 'StorageError', isRetryable: true } });
      expect(await child.get('findMany', ['root'])).toMatchObject([{ id: 'root', version: 1 }]);
      expect(log() === logBefore).toBe(true);
      expect(store.lines('root')).toEqual(linesBefore);

      const { status } = spawnSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited:']);
      expect(status).toBe(0);
      const answers = await Promise.all([append(), append()]);
      expect(answers).toMatchObject([
        { value: { session: { version: 2 } } },
        { value: { session: { version: 3 } } },
      ]);
      expect(logRecords().map(({ op }) => op)).toEqual(['store', 'move', 'format']);
      await child.close();
      expect(await store.problems()).toEqual([]);
    },
  );

  it.skipIf(!hasPython)('is read by the second reader, before its first start and after', async () => {
    const before = readStore(store.directory).sessions;
    await store.during(known);
    expect(before).toHaveLength(2);
    expect(readStore(store.directory)).toMatchObject({ status: 0, sessions: before });
  });
});

describe.each([
  ['first line', (header: object) => [{ ...header, format: 3 }]],
  [
    'format line',
    (header: object) => [header, { seq: 99, at: '2026-11-24T03:47:29.557Z', op: 'format', format: 3 }],
  ],
])('a store whose log has a later format in its %s', (_, records) => {
  let before: string;

  beforeEach(() => {
    writeLog(...records(withoutChecksum(logRecords()[0]!)));
    before = log();
  });

  const refusal = {
    name: 'UnreadableStoreError',
    message: expect.stringContaining('has format 3; this version of Sessiontree reads formats 1 to 2'),
  };

  it('is opened neither for writing nor for reading, and stays as it is', async () => {
    await expect(openFileRepository({ directory: store.directory })).rejects.toMatchObject(refusal);
    await expect(openFileRepositoryForReading({ directory: store.directory })).rejects.toMatchObject(refusal);
    expect(log()).toBe(before);
  });

  it.skipIf(!hasPython)('is refused by the second reader', () => {
    expect(() => readStore(store.directory)).toThrow('expected format 1 or 2, got 3');
  });
});
