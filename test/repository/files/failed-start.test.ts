import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { acquireLock, DataDirectoryInUseError } from '../../../src/repository/files/disk/lock.ts';
import { layoutOf } from '../../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../../src/repository/files/open.ts';
import { createTestLogger } from '../../server/support.ts';
import { temporaryDirectory } from '../../support/repository.ts';
import { TestStore } from './store.ts';

it('a start that finds another owner takes away nothing that it has made: the owner relies on it', async () => {
  const directory = await temporaryDirectory();
  const { logger } = createTestLogger();
  const lock = await acquireLock(layoutOf(directory), logger);
  try {
    await expect(openFileRepository({ directory })).rejects.toThrow(DataDirectoryInUseError);
    expect(existsSync(join(directory, 'sessions'))).toBe(true);
  } finally {
    lock.release();
  }
});

it('a start that fails says why and lets go of the directory, also where what it made cannot be taken away', async () => {
  const directory = await temporaryDirectory();
  mkdirSync(join(directory, 'journal'));
  writeFileSync(join(directory, 'journal', 'note'), '');
  const onProgress = () => {
    throw new Error('as planned');
  };
  for (let starts = 0; starts < 2; starts += 1)
    await expect(openFileRepository({ directory, onProgress })).rejects.toThrow('as planned');
});

it('a start that fails closes the index: nothing holds its lock', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => void (await repository.create({ id: 's1' })));
  const onProgress = () => {
    throw new Error('as planned');
  };
  await expect(openFileRepository({ directory: store.directory, onProgress })).rejects.toThrow('as planned');
  const index = new DatabaseSync(store.path('index.db'));
  onTestFinished(() => index.close());
  index.exec('BEGIN IMMEDIATE');
});

it('a start that fails after the index was opened closes the index', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => void (await repository.create({ id: 's1' })));
  const mark = JSON.parse(readFileSync(store.path('index.clean.json'), 'utf8'));
  // The start warns of a clock that is behind.
  writeFileSync(
    store.path('index.clean.json'),
    JSON.stringify({ ...mark, latestTime: Date.now() + 3_600_000 }),
  );
  const warn = () => {
    throw new Error('as planned');
  };
  const logger = { debug() {}, info() {}, warn, error() {} };
  await expect(openFileRepository({ directory: store.directory, logger })).rejects.toThrow('as planned');
  // SQLite removes the WAL with the last connection.
  expect(existsSync(store.path('index.db-wal'))).toBe(false);
});
