import { existsSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { LoadRefusedError } from '../../../../src/repository/dump.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { backUpDataDirectory } from '../../../../src/repository/files/tools/backup/backup.ts';
import type { SessionStore } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { brokenOff, fill } from '../../contract/copies.ts';
import { answersOf, hasPython, readStore, removeIndex } from '../second-reader.ts';
import { TestStore } from '../store.ts';

async function openToLoad(directory: string): Promise<SessionStore> {
  const repository = await openFileRepository({ directory, mayBeUnfinished: true });
  onTestFinished(() => repository.close());
  return repository;
}

async function filled(): Promise<SessionStore> {
  const repository = await openToLoad(await temporaryDirectory());
  await fill({ repository, create: (input = {}, operation) => repository.create(input, operation) });
  return repository;
}

it('a copy has no problems, and is what a second reader sees', { skip: !hasPython }, async () => {
  const source = await filled();
  const copy = await TestStore.make();
  const answers = await copy.during(async (repository) => {
    await repository.load(source.dump());
    return answersOf(repository);
  });
  expect(await copy.problems()).toEqual([]);
  const read = readStore(copy.directory);
  expect(read).toMatchObject({ status: 0, unreadable: [] });
  expect(read.sessions).toEqual(answers);
  await removeIndex(copy.directory);
  expect(await copy.during(answersOf)).toEqual(answers);
  expect(existsSync(copy.path('loading.json'))).toBe(false);
});

it('new sessions come after all that were copied, also once the index is built again', async () => {
  const source = await openToLoad(await temporaryDirectory());
  await source.create({ id: 'a' });
  await source.create({ id: 'b', parentId: 'a' });
  await source.create({ id: 'c' });
  // The place of `b` is that of its last move.
  for (const parentId of ['c', 'a']) await source.move({ sessionId: 'b', parentId });
  const copy = await TestStore.make();
  await copy.during((repository) => repository.load(source.dump()));
  await removeIndex(copy.directory);
  await copy.during(async (repository) => {
    await repository.create({ id: 'd', parentId: 'a' });
    const [page] = await repository.childrenOf([{ parentId: 'a', page: { limit: 9, from: 'start' } }]);
    expect(page!.items.map(({ id }) => id)).toEqual(['b', 'd']);
  });
});

it('a store with damage is not copied, and the error says where it is', async () => {
  const store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'a' }));
  store.edit('a', (bytes) => Buffer.concat([bytes, Buffer.from('{"op":"append"}\n')]));
  await removeIndex(store.directory);
  const source = await openToLoad(store.directory);
  const target = await openToLoad(await temporaryDirectory());
  await expect(target.load(source.dump())).rejects.toThrow(/a\.jsonl, line 2: .*check --repair/s);
});

it('no server starts on an unfinished copy, and no backup is made of it', async () => {
  const source = await filled();
  const directory = await temporaryDirectory();
  const target = await openToLoad(directory);
  await expect(target.load(brokenOff(source.dump(), 1))).rejects.toThrow('broken off');
  await target.close();
  await expect(openFileRepository({ directory })).rejects.toThrow(/is not whole yet/);
  const destination = await temporaryDirectory();
  await expect(backUpDataDirectory({ directory, destination })).rejects.toThrow(/is not whole yet/);
});

it('a file that does not say what is copied is refused', async () => {
  const store = await TestStore.make();
  await store.during(async () => {});
  writeFileSync(store.path('loading.json'), 'x\n');
  await expect(openFileRepository({ directory: store.directory })).rejects.toThrow(/loading\.json: expected/);
});

it('an exact copy of the files is not another store', async () => {
  const store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'a' }));
  const destination = await temporaryDirectory();
  await backUpDataDirectory({ directory: store.directory, destination });
  const [source, target] = [await openToLoad(store.directory), await openToLoad(destination)];
  await expect(target.load(source.dump())).rejects.toThrow(LoadRefusedError);
});
