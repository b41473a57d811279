import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { operationOf } from '../../../../src/model/operation.ts';
import { openFileRepositoryForReading } from '../../../../src/repository/files/open.ts';
import type { SessionReader } from '../../../../src/repository/repository.ts';
import { childrenRequests } from '../../../support/children.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'a', userId: 'ada', metadata: { tags: ['x', 'y'] } });
    for (const id of ['c', 'b', 'd']) await repository.create({ id, parentId: 'a' });
    await repository.create(
      { id: 'Deep', parentId: 'c', messages: [say('1'), say('2'), say('3')] },
      operationOf('op', 'create', 1),
    );
    await repository.append({ sessionId: 'b', messages: exchange(1) });
    await repository.create({ id: 'forms', messages: ['k', 'l', 'm'].map(keyed) });
    await repository.append({ sessionId: 'forms', messages: [keyed('l'), keyed('k')], onKey: 'REPLACE' });
    const again = {
      sessionId: 'forms',
      keep: 2,
      messages: ['l', 'm', 'n'].map(keyed),
      onKey: 'REPLACE',
    } as const;
    await repository.writeHistory(again, { messages: null, removed: null });
    await repository.update({ sessionId: 'c', title: 'third', metadata: { k: 1 } });
    await repository.create({ id: 'gone', parentId: 'd' }, operationOf('gone-op', 'create', 2));
    await repository.delete({ sessionId: 'gone', mode: 'CASCADE' });
  });
});

let written = 0;
/** Another form of the message with this key each time. */
function keyed(key: string) {
  written += 1;
  return { ...say(`${key} ${written}`), key, usage: { inputTokens: written, outputTokens: 1, costUsd: 0.1 } };
}

/** The results of all queries of the store, in one value. */
async function everything(reader: SessionReader) {
  const all = { limit: 100, from: 'start' } as const;
  const listed = await reader.list({}, { field: 'CREATED_AT', direction: 'ASC' }, all);
  const ids = listed.items.map(({ id }) => id);
  return {
    listed,
    byActivity: await reader.list({}, { field: 'LAST_ACTIVE_AT', direction: 'DESC' }, all),
    children: await reader.childrenOf(childrenRequests(ids, all)),
    descendants: await reader.descendantsOf(ids, all, null),
    ancestors: await reader.ancestorsOf(ids),
    history: await reader.historyOf(
      ids.map((sessionId) => ({ sessionId, page: all })),
      1e9,
    ),
    status: await reader.status(),
  };
}

describe('the index', () => {
  it.each([
    ['deleted', () => rmSync(store.path('index.db'))],
    ['emptied', () => truncateSync(store.path('index.db'), 0)],
    ['cut', () => truncateSync(store.path('index.db'), 10_000)],
    ['filled with noise', () => writeFileSync(store.path('index.db'), Buffer.alloc(90_000, 'noise'))],
    [
      'damaged in the middle',
      () => {
        const bytes = readFileSync(store.path('index.db'));
        writeFileSync(store.path('index.db'), bytes.fill(7, 9_000, 30_000));
      },
    ],
    [
      'of another version',
      () => {
        const database = new DatabaseSync(store.path('index.db'));
        database.exec("UPDATE meta SET value = 0 WHERE key = 'version'");
        database.close();
      },
    ],
    [
      'of another store',
      () => {
        const database = new DatabaseSync(store.path('index.db'));
        database.exec("UPDATE meta SET value = 'other' WHERE key = 'store'");
        database.close();
      },
    ],
  ])('is built again when it was %s, and every answer is as before', async (_, spoil) => {
    const before = await store.during(everything);
    spoil();
    store.said.length = 0;
    expect(await store.during(everything)).toEqual(before);
    expect(store.said.map(({ message }) => message)).toContain('building the index');
  });

  it('of a new store is there at once, and not a word is said of it', async () => {
    const empty = await TestStore.make();
    await empty.during(async () => {});
    expect(empty.said).toEqual([]);
  });

  it('is built again at the next start when it turns out to be damaged while it is used', async () => {
    const before = await store.during(everything);
    const running = await store.open();
    const file = openSync(store.path('index.db'), 'r+');
    writeSync(file, Buffer.alloc(fstatSync(file).size - 4_096, 'noise'), 0, undefined, 4_096);
    closeSync(file);
    await expect(everything(running)).rejects.toThrow(/malformed|not a database/);
    await expect(running.create({ id: 'late' })).rejects.toMatchObject({
      name: 'StorageError',
      isRetryable: false,
    });
    await running.close();
    store.said.length = 0;
    expect(await store.during(everything)).toEqual(before);
    expect(store.said.map(({ message }) => message)).toContain('building the index');
  });

  it.each(['removed', 'replaced by an older copy'])(
    'is built again at the next start when its file was %s while the store was open',
    async (how) => {
      const copy = readFileSync(store.path('index.db'));
      const before = await store.during(async (repository) => {
        for (const end of ['', '-wal', '-shm']) rmSync(store.path(`index.db${end}`), { force: true });
        if (how !== 'removed') writeFileSync(store.path('index.db'), copy);
        await repository.append({ sessionId: 'b', messages: exchange(2) });
        return everything(repository);
      });
      expect(await store.during(everything)).toEqual(before);
      expect(store.lines('b')).toHaveLength(3);
    },
  );

  it('that does not know the latest forms of messages takes them in', async () => {
    const old = readFileSync(store.path('index.db'));
    const before = await store.during(async (repository) => {
      await repository.append({ sessionId: 'forms', messages: ['n', 'k'].map(keyed), onKey: 'REPLACE' });
      return everything(repository);
    });
    writeFileSync(store.path('index.db'), old);
    rmSync(store.path('index.clean.json'));
    expect(await store.during(everything)).toEqual(before);
  });

  it('is not built again after a clean stop', async () => {
    store.said.length = 0;
    await store.during(everything);
    expect(store.said).toEqual([]);
  });

  it('knows taken ids and operations after it was built again', async () => {
    rmSync(store.path('index.db'));
    const repository = await store.open();
    await expect(repository.create({ id: 'gone' })).rejects.toMatchObject({ name: 'SessionExistsError' });
    expect(await repository.create({ id: 'Deep' }, operationOf('op', 'create', 1))).toMatchObject({
      id: 'Deep',
    });
    expect(await repository.create({ id: 'gone' }, operationOf('gone-op', 'create', 2))).toMatchObject({
      id: 'gone',
      parentId: 'd',
    });
    expect(await repository.findMany(['gone'])).toEqual([null]);
  });
});

describe('a file that changed while the store was closed', () => {
  it('is found at the next start when it was added', async () => {
    const kept = readFileSync(store.sessionFile('Deep'));
    rmSync(store.sessionFile('Deep'));
    expect(await store.during((repository) => repository.findMany(['Deep']))).toEqual([null]);
    writeFileSync(store.sessionFile('Deep'), kept);
    expect(await store.during((repository) => repository.findMany(['Deep']))).toMatchObject([
      { id: 'Deep', depth: 2, rootId: 'a' },
    ]);
  });

  it('keeps its children when it is read again after a crash', async () => {
    rmSync(store.path('index.clean.json'));
    store.edit('c', (bytes) => Buffer.concat([bytes, Buffer.from('torn')]));
    const repository = await store.open();
    const c = (await repository.findMany(['a', 'c'])).map((session) => session!.childCount);
    expect(c).toEqual([3, 1]);
    const [page] = await repository.childrenOf(childrenRequests(['c'], { limit: 5, from: 'start' }));
    expect(page!.items).toHaveLength(1);
  });

  it('is noticed when it is first used, where it was cut in place', async () => {
    store.edit('b', (bytes) => bytes.subarray(0, -5));
    const repository = await store.open();
    expect(await contents(repository, 'b')).toEqual([]);
    await repository.append({ sessionId: 'b', messages: [say('after')] });
    expect(await contents(repository, 'b')).toEqual(['after']);
    await repository.close();
    rmSync(store.path('index.db'));
    expect(await store.during((again) => contents(again, 'b'))).toEqual(['after']);
  });

  it('takes no more writes where it was emptied in place', async () => {
    store.edit('b', () => Buffer.alloc(0));
    const repository = await store.open();
    await expect(repository.append({ sessionId: 'b', messages: [say('x')] })).rejects.toMatchObject({
      name: 'SessionNotFoundError',
    });
    expect(readFileSync(store.sessionFile('b'))).toHaveLength(0);
    expect((await repository.status()).quarantined).toMatchObject([{ reason: 'the file is empty' }]);
  });

  it('is noticed while the store is open, also where it was replaced behind an open handle', async () => {
    const repository = await store.open();
    expect(await contents(repository, 'Deep')).toEqual(['1', '2', '3']);
    const bytes = readFileSync(store.sessionFile('Deep'));
    rmSync(store.sessionFile('Deep'));
    writeFileSync(store.sessionFile('Deep'), bytes);
    await repository.append({ sessionId: 'Deep', messages: [say('4')] });
    await repository.close();
    expect(await store.during((again) => contents(again, 'Deep'))).toEqual(['1', '2', '3', '4']);
    expect(
      (
        await store.during((again) => again.childrenOf(childrenRequests(['c'], { limit: 5, from: 'start' })))
      )[0]!.items,
    ).toHaveLength(1);
  });

  it('leaves its children reachable when it was removed', async () => {
    rmSync(store.sessionFile('c'));
    const repository = await store.open();
    expect(await repository.findMany(['c', 'Deep', 'a'])).toMatchObject([
      null,
      { parentId: 'c', rootId: 'Deep', depth: 0 },
      { childCount: 2 },
    ]);
  });
});

describe('a deletion whose files were not removed before a crash', () => {
  it('removes them at the next start, and the sessions stay deleted', async () => {
    const kept = readFileSync(store.sessionFile('b'));
    await store.during((repository) => repository.delete({ sessionId: 'b', mode: 'CASCADE' }));
    writeFileSync(store.sessionFile('b'), kept);
    for (const lost of ['index.db', 'index.clean.json']) {
      rmSync(store.path(lost), { force: true });
      const repository = await store.open();
      expect(await repository.findMany(['b'])).toEqual([null]);
      expect(existsSync(store.sessionFile('b'))).toBe(false);
      await repository.close();
    }
  });
});

it('unfinished files are swept at the start after a crash', async () => {
  rmSync(store.path('index.clean.json'));
  mkdirSync(store.path('sessions', '0a'), { recursive: true });
  writeFileSync(store.path('sessions', '0a', '.1-1.tmp'), 'half');
  await store.during(async () => {});
  expect(readdirSync(store.path('sessions', '0a'))).toEqual([]);
});

describe('a reader beside the owner', () => {
  it('sees what the owner has acknowledged, and changes nothing', async () => {
    const repository = await store.open();
    await repository.append({ sessionId: 'b', messages: [say('now')] });
    const reader = await openFileRepositoryForReading({ directory: store.directory });
    expect((await contents(reader, 'b')).at(-1)).toBe('now');
    await reader.close();
    await repository.append({ sessionId: 'b', messages: [say('later')] });
    await expect(openSecond()).rejects.toThrow(/in use by process/);
  });

  const openSecond = () => store.open();

  it('reads the files themselves where no index can be relied on', async () => {
    const before = await store.during(everything);
    for (const name of ['index.db', 'index.clean.json']) rmSync(store.path(name));
    const reader = await openFileRepositoryForReading({ directory: store.directory });
    expect(await everything(reader)).toEqual(before);
    await reader.close();
    expect(existsSync(store.path('index.db'))).toBe(false);
  });
});
