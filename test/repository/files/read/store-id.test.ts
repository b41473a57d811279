import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFileRepository, openFileRepositoryForReading } from '../../../../src/repository/files/open.ts';
import { openTestRepository, temporaryDirectory } from '../../../support/repository.ts';

async function readerOf(directory: string): Promise<string> {
  const reader = await openFileRepositoryForReading({ directory });
  await reader.close();
  return reader.storeId;
}

test('a reader of a store has its id, also from an index in memory', async () => {
  const directory = await temporaryDirectory();
  const repository = await openFileRepository({ directory });
  await repository.create({ id: 'a' });
  await repository.close();
  expect(await readerOf(directory)).toBe(repository.storeId);
  await rm(join(directory, 'index.db'));
  expect(await readerOf(directory)).toBe(repository.storeId);
});

test('two stores have different ids', async () => {
  const [one, other] = [await openTestRepository(), await openTestRepository()];
  expect(one.storeId).not.toBe(other.storeId);
});
