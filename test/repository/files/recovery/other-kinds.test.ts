import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { StorageError } from '../../../../src/model/errors.ts';
import { sessionPath, shardOf } from '../../../../src/repository/files/format/layout.ts';
import { openFileRepositoryForReading } from '../../../../src/repository/files/open.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { runCli } from '../../../cli/run.ts';
import { contents, say, TestStore } from '../store.ts';

/** What can be put in the place of a file. `aside` is where the file is now. */
const KINDS: readonly [string, (path: string, aside: string) => unknown][] = [
  ['a link to the file', (path, aside) => symlinkSync(aside, path)],
  ['a link to nowhere', (path) => symlinkSync('/nowhere', path)],
  ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
  ['a folder', (path) => mkdirSync(path)],
  ['a named pipe', (path) => execFileSync('mkfifo', [path])],
  ['a socket', socketAt],
];

async function socketAt(path: string): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    for (const id of ['a', 'b']) await repository.create({ id, messages: [say('one'), say('two')] });
  });
});

async function replace(path: string, kind: (typeof KINDS)[number][1]): Promise<() => void> {
  const aside = store.path('aside');
  renameSync(path, aside);
  await kind(path, aside);
  return () => {
    rmSync(path, { recursive: true });
    renameSync(aside, path);
  };
}

const damageOf = async (repository: SessionRepository, id: string) =>
  (await repository.findMany([id]))[0]?.damage ?? [];
const quarantined = async (repository: SessionRepository) =>
  (await repository.status()).quarantined.map(({ path }) => path);

describe.each(KINDS)('%s in the place of a session file', (_, kind) => {
  it.each(['open', 'closed'])(
    'is damage that is shown, while its file is %s, until the file is put back',
    async (state) => {
      const repository = await store.open();
      if (state === 'open') await repository.append({ sessionId: 'a', messages: [say('three')] });
      const whole = state === 'open' ? ['one', 'two', 'three'] : ['one', 'two'];
      const putBack = await replace(store.sessionFile('a'), kind);

      expect(await contents(repository, 'a')).toEqual([]);
      expect(await damageOf(repository, 'a')).toMatchObject([
        { reason: expect.stringContaining('not a plain file') },
      ]);
      expect(await quarantined(repository)).toEqual([sessionPath('a')]);
      for (const refused of [
        repository.append({ sessionId: 'a', messages: [say('lost')] }),
        repository.update({ sessionId: 'a', title: 'lost' }),
        repository.truncate({ sessionId: 'a', keep: 0 }, null),
        repository.fork({ sessionId: 'a', id: 'c', asRoot: false }),
      ]) {
        const error = await refused.then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(StorageError);
        expect((error as Error).message).toMatch(/Put (the file|it) back/);
      }
      await repository.archive({ sessionId: 'a', archived: true, subtree: false });
      await repository.archive({ sessionId: 'a', archived: false, subtree: false });
      await repository.move({ sessionId: 'a', parentId: 'b' });
      expect(await contents(repository, 'b')).toEqual(['one', 'two']);

      putBack();
      expect(await contents(repository, 'a')).toEqual(whole);
      expect(await damageOf(repository, 'a')).toEqual([]);
      expect(await quarantined(repository)).toEqual([]);
      await repository.append({ sessionId: 'a', messages: [say('next')] });
      expect(await contents(repository, 'a')).toEqual([...whole, 'next']);
    },
  );

  it('is left in its place by a deletion', async () => {
    const repository = await store.open();
    await replace(store.sessionFile('a'), kind);
    expect(await repository.delete({ sessionId: 'a', mode: 'RESTRICT' })).toMatchObject({
      deletedIds: ['a'],
    });
    expect(lstatSync(store.sessionFile('a')).isFile()).toBe(false);
    expect(await repository.findMany(['a', 'b'])).toMatchObject([null, { id: 'b' }]);
    await repository.close();
    await store.during(async (again) => {
      expect(await again.findMany(['a', 'b'])).toMatchObject([null, { id: 'b' }]);
      expect(await quarantined(again)).toEqual([sessionPath('a')]);
    });
  });

  it('is reported by check, and read by no reader', async () => {
    const putBack = await replace(store.sessionFile('a'), kind);
    expect(await store.problems()).toMatchObject([{ path: sessionPath('a') }]);
    putBack();
    const reader = await openFileRepositoryForReading({ directory: store.directory });
    onTestFinished(() => reader.close());
    await replace(store.sessionFile('a'), kind);
    const [page] = await reader.historyOf([{ sessionId: 'a', page: { limit: 9, from: 'start' } }], 1e6);
    expect(page?.items).toEqual([]);
  });

  it('is not followed where its folder is read at a start, or the journal put back', async () => {
    await replace(store.sessionFile('a'), kind);
    await store.during(async (repository) => {
      expect(await quarantined(repository)).toEqual([sessionPath('a')]);
      expect(await contents(repository, 'b')).toEqual(['one', 'two']);
    });
    expect(lstatSync(store.sessionFile('a')).isFile()).toBe(false);
  });
});

it('export of a session with a named pipe in the place of its file ends, and fails', async () => {
  const repository = await store.open();
  await replace(store.sessionFile('a'), (path) => execFileSync('mkfifo', [path]));
  const run = (id: string) => runCli(['export', id, '--data', store.directory]);
  expect(await run('a')).toMatchObject({ code: 1, stderr: expect.stringContaining('2 of 2 messages') });
  await repository.close();
});

/** What can be put in the place of a folder. */
const FOLDER_KINDS = KINDS.filter(([name]) => name !== 'a folder').concat([
  ['a file', (path) => writeFileSync(path, 'x')],
]);

describe.each(FOLDER_KINDS)('%s in the place of a folder of sessions', (_, kind) => {
  it('is damage that is shown, until the folder is put back', async () => {
    const repository = await store.open();
    const folder = dirname(store.sessionFile('a'));
    const putBack = await replace(folder, kind);
    expect(await contents(repository, 'a')).toEqual([]);
    expect(await damageOf(repository, 'a')).toMatchObject([{ reason: expect.any(String) }]);
    expect(await quarantined(repository)).toEqual([sessionPath('a')]);
    await expect(repository.append({ sessionId: 'a', messages: [say('lost')] })).rejects.toThrow(
      StorageError,
    );
    const sibling = siblingOf('a');
    await expect(repository.create({ id: sibling })).rejects.toThrow(StorageError);
    expect(existsSync(store.path('aside', basename(store.sessionFile(sibling))))).toBe(false);
    putBack();
    expect(await contents(repository, 'a')).toEqual(['one', 'two']);
    expect(await damageOf(repository, 'a')).toEqual([]);
    expect(await quarantined(repository)).toEqual([]);
    await repository.create({ id: sibling });
  });

  it('is reported at a start, and its sessions are kept and not written through it', async () => {
    const putBack = await replace(dirname(store.sessionFile('a')), kind);
    await store.during(async (repository) => {
      expect(await quarantined(repository)).toEqual([`sessions/${shardOf('a')}`]);
      expect(await contents(repository, 'a')).toEqual([]);
      expect(await damageOf(repository, 'a')).toMatchObject([{ reason: expect.any(String) }]);
      expect(await contents(repository, 'b')).toEqual(['one', 'two']);
    });
    const deleting = await store.open();
    await deleting.delete({ sessionId: 'a', mode: 'RESTRICT' });
    await deleting.close();
    putBack();
    expect(existsSync(store.sessionFile('a'))).toBe(true);
    await store.during(async (repository) => {
      expect(await repository.findMany(['a', 'b'])).toMatchObject([null, { id: 'b' }]);
      expect(await quarantined(repository)).toEqual([]);
    });
    expect(existsSync(store.sessionFile('a'))).toBe(false);
  });
});

/** Another id whose file has the same folder. */
function siblingOf(id: string): string {
  const ids = Array.from({ length: 10_000 }, (_, n) => `sibling-${n}`);
  return ids.find((other) => shardOf(other) === shardOf(id))!;
}
