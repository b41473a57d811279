import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, test } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { openFileRepository, openFileRepositoryForReading } from '../../../../src/repository/files/open.ts';
import {
  type BackupReport,
  backUpDataDirectory,
} from '../../../../src/repository/files/tools/backup/backup.ts';
import { checkDataDirectory } from '../../../../src/repository/files/tools/check.ts';
import type { Progress } from '../../../../src/repository/observer.ts';
import type { SessionReader } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { SmallDisk, whyNoSmallDisk } from '../../../torture/small-disk.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

let store: TestStore;
let base: string;
let backup: string;

beforeEach(async () => {
  store = await TestStore.make();
  base = await temporaryDirectory();
  backup = join(base, 'backup');
  await store.during(async (repository) => {
    await repository.create({ id: 'root', messages: [say('hello')] });
    await repository.create({ id: 'child', parentId: 'root' });
    await repository.create({ id: 'Grandchild', parentId: 'child' });
    for (const n of [1, 2, 3]) await repository.append({ sessionId: 'child', messages: exchange(n) });
  });
});

function backUp(onProgress?: Progress, destination = backup): Promise<BackupReport> {
  return backUpDataDirectory({ directory: store.directory, destination, ...(onProgress && { onProgress }) });
}

async function problemsOfBackup(): Promise<readonly unknown[]> {
  return (await checkDataDirectory({ directory: backup })).problems;
}

async function reading<T>(directory: string, read: (reader: SessionReader) => Promise<T>): Promise<T> {
  const reader = await openFileRepositoryForReading({ directory });
  try {
    return await read(reader);
  } finally {
    await reader.close();
  }
}

const idsIn = (directory: string, root: string) =>
  reading(directory, async (reader) => {
    const page = { limit: 1_000, from: 'start' as const };
    const [beneath] = await reader.descendantsOf([root], page, null);
    return beneath!.items.map(({ id }) => id);
  });

const bytesOf = (directory: string) =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(directory, name)).isFile())
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );

describe('a backup', () => {
  it('is a store with all that was acknowledged, which a server goes on with', async () => {
    const repository = await store.open();
    await repository.create({ id: 'new', parentId: 'Grandchild', messages: exchange(4) });
    await repository.append({ sessionId: 'child', messages: [say('just now')] });
    await repository.move({ sessionId: 'Grandchild', parentId: 'root' });
    expect(await backUp()).toMatchObject({ sessionCount: 4, copiedCount: 4, removedCount: 0, problems: [] });
    expect(await problemsOfBackup()).toEqual([]);
    expect(await idsIn(backup, 'root')).toEqual(['child', 'Grandchild', 'new']);
    expect(await reading(backup, (reader) => contents(reader, 'child'))).toEqual(
      await contents(repository, 'child'),
    );
    const copy = await openFileRepository({ directory: backup });
    onTestFinished(() => copy.close());
    await copy.append({ sessionId: 'new', messages: [say('goes on')] });
    expect((await copy.findMany(['new']))[0]).toMatchObject({ parentId: 'Grandchild', version: 2 });
  });

  it('holds no more of a file than was acknowledged', async () => {
    const path = store.sessionFile('child');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, `${before}{"seq":99,"torn`);
    const { problems } = await backUp();
    expect(problems).toEqual([{ path: sessionPath('child'), reason: expect.stringContaining('unfinished') }]);
    expect(readFileSync(join(backup, sessionPath('child')), 'utf8')).toBe(before);
  });

  it("is its owner's alone", async () => {
    await backUp();
    const modeOf = (...path: string[]) => statSync(join(backup, ...path)).mode & 0o777;
    expect([modeOf(), modeOf('sessions'), modeOf('store.jsonl'), modeOf('backup.json')]).toEqual([
      0o700, 0o700, 0o600, 0o600,
    ]);
    expect(modeOf(sessionPath('child'))).toBe(0o600);
  });

  it('that is made again copies what differs, and takes away what was deleted', async () => {
    await backUp();
    expect(await backUp()).toMatchObject({ sessionCount: 3, copiedCount: 0, copiedBytes: 0 });
    await store.during(async (repository) => {
      await repository.append({ sessionId: 'root', messages: [say('more')] });
      await repository.create({ id: 'new' });
      await repository.delete({ sessionId: 'Grandchild', mode: 'RESTRICT' });
    });
    expect(await backUp()).toMatchObject({ sessionCount: 3, copiedCount: 2, removedCount: 1, problems: [] });
    expect(existsSync(join(backup, sessionPath('Grandchild')))).toBe(false);
    expect(await problemsOfBackup()).toEqual([]);
    expect(readFileSync(join(backup, 'store.jsonl'))).toEqual(readFileSync(store.path('store.jsonl')));
  });

  it('that is made again goes on where a server has served the earlier one, and changed nothing', async () => {
    await backUp();
    await (await openFileRepository({ directory: backup })).close();
    await store.during((repository) => repository.append({ sessionId: 'root', messages: [say('more')] }));
    expect(await backUp()).toMatchObject({ copiedCount: 1, problems: [] });
    const copy = await openFileRepository({ directory: backup });
    onTestFinished(() => copy.close());
    expect(await contents(copy, 'root')).toEqual(['hello', 'more']);
  });

  it('has what was changed within a file, though its size is the same', async () => {
    await backUp();
    store.edit('child', (bytes) => Buffer.from(bytes.toString().replace('question 2', 'QUESTION 2')));
    rmSync(store.path('index.clean.json'));
    const { copiedCount, problems } = await backUp();
    expect({ copiedCount, problems }).toEqual({
      copiedCount: 1,
      problems: [{ path: sessionPath('child'), reason: expect.stringContaining('checksum') }],
    });
    expect(readFileSync(join(backup, sessionPath('child')), 'utf8')).toContain('QUESTION 2');
  });

  it('gets the good bytes of a damaged file that were put back, though its size and time are the same', async () => {
    const good = readFileSync(store.sessionFile('child'));
    store.edit('child', (bytes) => Buffer.from(bytes.toString().replace('question 2', 'QUESTION 2')));
    rmSync(store.path('index.clean.json'));
    await backUp();
    const { atime, mtime } = statSync(store.sessionFile('child'));
    utimesSync(store.sessionFile('child'), atime, mtime);
    await backUp();
    writeFileSync(store.sessionFile('child'), good);
    utimesSync(store.sessionFile('child'), atime, mtime);
    expect(await backUp()).toMatchObject({ copiedCount: 1, problems: [] });
    expect(readFileSync(join(backup, sessionPath('child')))).toEqual(good);
  });

  it('keeps its copy of a file that is gone from the store though nobody deleted the session, and says so', async () => {
    await backUp();
    rmSync(store.sessionFile('Grandchild'));
    rmSync(store.path('index.clean.json'));
    const { problems } = await backUp();
    expect(problems).toEqual([
      {
        path: sessionPath('Grandchild'),
        reason: expect.stringContaining('the backup keeps its earlier copy'),
      },
    ]);
    expect(await idsIn(backup, 'root')).toEqual(['child', 'Grandchild']);
  });

  it('keeps its copy of a file that cannot be read, and says so', async () => {
    await backUp();
    const path = store.sessionFile('child');
    renameSync(path, `${path}.away`);
    symlinkSync(`${path}.away`, path);
    const { problems } = await backUp();
    expect(problems.map(({ path }) => path)).toContain(sessionPath('child'));
    expect(await reading(backup, (reader) => contents(reader, 'child'))).toHaveLength(6);
  });

  it('has what a running server has not taken in, as it is, and says so', async () => {
    const other = await TestStore.make();
    await other.during((repository) => repository.create({ id: 'foreign' }));
    await store.open();
    mkdirSync(join(store.sessionFile('foreign'), '..'), { recursive: true });
    cpSync(other.sessionFile('foreign'), store.sessionFile('foreign'));
    const { problems } = await backUpDataDirectory({
      directory: store.directory,
      destination: backup,
      indexWaitMs: 500,
    });
    expect(problems).toEqual([
      { path: sessionPath('foreign'), reason: expect.stringContaining('has not taken in') },
    ]);
    expect(readFileSync(join(backup, sessionPath('foreign')))).toEqual(
      readFileSync(other.sessionFile('foreign')),
    );
  });
});

/** The files of an unfinished backup. */
const unfinished = () =>
  readdirSync(backup, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'));

describe('a backup that is killed', () => {
  const KILLED = join(import.meta.dirname, 'killed-backup.ts');

  test.each([
    ['Copying sessions', 2],
    ['Syncing', 0],
    ['Putting files in place', 1],
  ])('in the middle (%s, %i) is completed by the next one', async (stage, done) => {
    for (const isFirst of [true, false]) {
      if (!isFirst) {
        await store.during(async (repository) => {
          for (const id of ['root', 'child', 'Grandchild'])
            await repository.append({ sessionId: id, messages: [say('again')] });
          await repository.create({ id: 'late', parentId: 'Grandchild' });
        });
      }
      const before = isFirst ? {} : bytesOf(join(backup, 'sessions'));
      const args = [KILLED, store.directory, backup, stage, String(done)];
      expect(spawnSync(process.execPath, args, { encoding: 'utf8' })).toMatchObject({
        signal: 'SIGKILL',
        stderr: '',
      });
      if (isFirst) expect(existsSync(join(backup, 'store.jsonl'))).toBe(false);
      else if (stage !== 'Putting files in place') {
        expect(unfinished()).not.toEqual([]);
        expect(bytesOf(join(backup, 'sessions'))).toMatchObject(before);
        expect(await problemsOfBackup()).toEqual([]);
      }
      expect(await backUp()).toMatchObject({ sessionCount: isFirst ? 3 : 4, problems: [] });
      expect(unfinished()).toEqual([]);
      expect(await problemsOfBackup()).toEqual([]);
    }
    expect(await idsIn(backup, 'root')).toEqual(['child', 'Grandchild', 'late']);
  });
});

describe.skipIf(whyNoSmallDisk() !== null)('on a full disk', () => {
  it('no backup is made, and an earlier one is as it was', async () => {
    const disk = new SmallDisk(512);
    onTestFinished(() => disk.dispose());
    backup = join(disk.directory, 'backup');
    await backUp();
    const before = bytesOf(backup);
    await store.during(async (repository) => {
      await repository.append({ sessionId: 'root', messages: [say('small')] });
      await repository.append({ sessionId: 'child', messages: [say('x'.repeat(400_000))] });
      await repository.create({ id: 'large', messages: [say('x'.repeat(400_000))] });
    });
    await expect(backUp()).rejects.toMatchObject({
      name: 'BackupError',
      message: expect.stringContaining('The earlier backup is there as it was.'),
    });
    expect(bytesOf(backup)).toEqual(before);
    expect(await problemsOfBackup()).toEqual([]);
  });
});

describe('a backup is refused', () => {
  const refused = (message: string, name = 'BackupError') => ({
    name,
    message: expect.stringContaining(message),
  });

  it('to the data directory, into it, and around it', async () => {
    symlinkSync(store.directory, join(base, 'link'));
    for (const destination of [
      store.directory,
      store.path('backup'),
      store.path('sessions', 'ab'),
      join(base, 'link', 'backup'),
      join(store.directory, '..'),
    ])
      await expect(backUp(undefined, destination), destination).rejects.toMatchObject(
        refused('nothing in common with the data directory'),
      );
    expect(existsSync(store.path('backup'))).toBe(false);
  });

  it('into a directory with other files, and into another store', async () => {
    mkdirSync(backup);
    writeFileSync(join(backup, 'notes.txt'), 'mine');
    await expect(backUp()).rejects.toMatchObject(refused('other files (notes.txt)'));
    expect(readdirSync(backup)).toEqual(['notes.txt']);
    const other = await TestStore.make();
    await other.during((repository) => repository.create({ id: 'other' }));
    await expect(backUp(undefined, other.directory)).rejects.toMatchObject(refused('with other files'));
    expect(await other.problems()).toEqual([]);
  });

  it('over the backup of another store', async () => {
    const other = await TestStore.make();
    await other.during((repository) => repository.create({ id: 'other' }));
    await backUpDataDirectory({ directory: other.directory, destination: backup });
    await expect(backUp()).rejects.toMatchObject(refused('is of the store'));
    expect(await reading(backup, (reader) => reader.findMany(['other']))).toMatchObject([{ id: 'other' }]);
  });

  it('over an earlier one on which a server runs, and on which one has recorded something', async () => {
    await backUp();
    const server = await openFileRepository({ directory: backup });
    await expect(backUp()).rejects.toMatchObject(refused('is in use', 'DataDirectoryInUseError'));
    await server.append({ sessionId: 'root', messages: [say('only here')] });
    await server.close();
    await expect(backUp()).rejects.toMatchObject(refused('was written after the backup was made'));
    expect(await reading(backup, (reader) => contents(reader, 'root'))).toEqual(['hello', 'only here']);
  });

  it('over an earlier one on which a server has recorded something, though a file of the store is of the future', async () => {
    const later = Date.now() / 1_000 + 86_400;
    utimesSync(store.sessionFile('child'), later, later);
    await backUp();
    expect((await backUp()).problems).toEqual([]);
    const server = await openFileRepository({ directory: backup });
    await server.append({ sessionId: 'root', messages: [say('only here')] });
    await server.close();
    await expect(backUp()).rejects.toMatchObject(refused('was written after the backup was made'));
  });

  it('over an earlier one in which only the journal has what a server has recorded, as after a power cut', async () => {
    await backUp();
    const file = join(backup, sessionPath('root'));
    const { mtime } = statSync(file);
    const bytes = readFileSync(file);
    // The first server syncs all files, each later one writes to the journal.
    await (await openFileRepository({ directory: backup })).close();
    const server = await openFileRepository({ directory: backup });
    await server.append({ sessionId: 'root', messages: [say('only here')] });
    cpSync(join(backup, 'journal'), join(base, 'journal'), { recursive: true });
    await server.close();
    cpSync(join(base, 'journal'), join(backup, 'journal'), { recursive: true });
    writeFileSync(file, bytes);
    utimesSync(file, mtime, mtime);
    await expect(backUp()).rejects.toMatchObject({ name: 'UnreadableStoreError' });
    const restarted = await openFileRepository({ directory: backup });
    expect(await contents(restarted, 'root')).toEqual(['hello', 'only here']);
    await restarted.close();
    await expect(backUp()).rejects.toMatchObject(refused('was written after the backup was made'));
  });

  it('of a store whose files lack what the journal has, as after a power cut', async () => {
    const repository = await store.open();
    await repository.append({ sessionId: 'root', messages: [say('in the journal')] });
    const cut = await TestStore.make();
    for (const name of ['store.jsonl', 'sessions', 'journal'])
      cpSync(store.path(name), cut.path(name), { recursive: true });
    truncateSync(cut.sessionFile('root'), readFileSync(cut.sessionFile('root')).length - 30);
    await expect(
      backUpDataDirectory({ directory: cut.directory, destination: backup }),
    ).rejects.toMatchObject(refused('lacks what its journal holds', 'UnreadableStoreError'));
  });

  it('beside a server whose index is gone', async () => {
    await store.open();
    rmSync(store.path('index.db'));
    await expect(backUp()).rejects.toMatchObject(refused('its index cannot be read'));
  });
});
