import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
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
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { StorageError } from '../../../../src/model/errors.ts';
import type { JsonObject } from '../../../../src/model/json.ts';
import { DEFAULT_LIMITS } from '../../../../src/model/limits.ts';
import { SHARDS, sessionPath, shardOf } from '../../../../src/repository/files/format/layout.ts';
import { openFileRepository } from '../../../../src/repository/files/open.ts';
import { checkDataDirectory } from '../../../../src/repository/files/tools/check.ts';
import { repairDataDirectory } from '../../../../src/repository/files/tools/repair.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { contents, exchange, say, TestStore } from '../store.ts';

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
});

/** Replaces the file by a copy with the same bytes, as an editor does that writes a new file and renames it. */
function replace(path: string): void {
  copyFileSync(path, `${path}.new`);
  renameSync(`${path}.new`, path);
}

const operation = (id: string) => ({ id, fingerprint: '0'.repeat(32) });

async function histories(repository: SessionRepository, ...ids: string[]): Promise<string[][]> {
  const requests = ids.map((sessionId) => ({ sessionId, page: { limit: 100, from: 'start' } as const }));
  return (await repository.historyOf(requests, 1e9)).map(({ items }) => items.map(({ content }) => content));
}

describe('an index that is not of these files', () => {
  it('is brought to a rollback that was written and not taken in: the next message follows what it left', async () => {
    await store.during(async (repository) => {
      await repository.create({ id: 'a' });
      for (let n = 0; n < 5; n += 1) await repository.append({ sessionId: 'a', messages: [say(`${n}`)] });
    });
    copyFileSync(store.path('index.db'), store.path('kept'));
    await store.during((repository) =>
      repository.truncate({ sessionId: 'a', keep: 2 }, { messages: 10, bytes: 10_000 }),
    );
    // As if the process had been killed after writing the line and before updating the index.
    renameSync(store.path('kept'), store.path('index.db'));
    rmSync(store.path('index.clean.json'));
    await store.during(async (repository) => {
      expect(await repository.findMany(['a'])).toMatchObject([{ historyLength: 2 }]);
      const { messages } = await repository.append({ sessionId: 'a', messages: [say('next')] });
      expect(messages).toMatchObject([{ position: 2, ordinal: 5 }]);
    });
  });

  it('is brought to a rollback also where the log says more of the session', async () => {
    await store.during(async (repository) => {
      await repository.create({ id: 'a' });
      for (let n = 0; n < 5; n += 1) await repository.append({ sessionId: 'a', messages: [say(`${n}`)] });
    });
    copyFileSync(store.path('index.db'), store.path('kept'));
    await store.during(async (repository) => {
      await repository.truncate({ sessionId: 'a', keep: 2 }, { messages: 10, bytes: 10_000 });
      for (const archived of [true, false])
        await repository.archive({ sessionId: 'a', archived, subtree: false });
    });
    renameSync(store.path('kept'), store.path('index.db'));
    rmSync(store.path('index.clean.json'));
    await store.during(async (repository) => {
      expect(await repository.findMany(['a'])).toMatchObject([{ historyLength: 2 }]);
    });
  });

  it('still knows what a log said that was cut off, and reports that', async () => {
    await store.during(async (repository) => {
      await repository.create({ id: 'a' });
      await repository.archive({ sessionId: 'a', archived: true, subtree: false });
    });
    truncateSync(store.path('store.jsonl'), statSync(store.path('store.jsonl')).size - 5);
    await store.during(async (repository) => {
      expect(await repository.findMany(['a'])).toMatchObject([{ archivedAt: expect.any(Date) }]);
      expect((await repository.status()).quarantined).toMatchObject([{ path: 'store.jsonl' }]);
    });
  });

  it('does not take away what a restored backup has, though it remembers that it was deleted', async () => {
    await store.during((repository) => repository.create({ id: 'a', messages: [say('kept')] }));
    const backup = await temporaryDirectory();
    cpSync(store.path('sessions'), `${backup}/sessions`, { recursive: true });
    copyFileSync(store.path('store.jsonl'), `${backup}/store.jsonl`);
    await store.during((repository) => repository.delete({ sessionId: 'a', mode: 'CASCADE' }));
    cpSync(backup, store.directory, { recursive: true });
    await store.during(async (repository) => {
      expect(await contents(repository, 'a')).toEqual(['kept']);
    });
    expect(existsSync(store.sessionFile('a'))).toBe(true);
  });

  it('is not vouched for while a part of it is in its log', async () => {
    const repository = await store.open();
    await repository.create({ id: 'a' });
    const reader = new DatabaseSync(store.path('index.db'), { readOnly: true });
    reader.exec('BEGIN; SELECT * FROM sessions');
    await repository.create({ id: 'b' });
    await repository.close();
    expect(existsSync(store.path('index.clean.json'))).toBe(false);
    reader.close();
  });
});

describe('while the store is open', () => {
  it('a log that was replaced takes no more changes, and says so; after a new start it does', async () => {
    const repository = await store.open();
    await repository.create({ id: 'a' });
    const older = readFileSync(store.path('store.jsonl'));
    await repository.archive({ sessionId: 'a', archived: true, subtree: false });
    writeFileSync(store.path('store.jsonl.new'), older);
    renameSync(store.path('store.jsonl.new'), store.path('store.jsonl'));
    const change = repository.archive({ sessionId: 'a', archived: false, subtree: false });
    await expect(change).rejects.toThrow(StorageError);
    await repository.create({ id: 'b' });
    await repository.close();
    for (const archived of [true, false]) {
      await store.during((again) => again.archive({ sessionId: 'a', archived, subtree: false }));
      rmSync(store.path('index.db'));
      await store.during(async (again) => {
        const archivedAt = archived ? expect.any(Date) : null;
        expect(await again.findMany(['a', 'b'])).toMatchObject([{ archivedAt }, { id: 'b' }]);
      });
    }
  });

  it('a log that was only touched, or came anew as it was, takes changes as ever', async () => {
    const repository = await store.open();
    await repository.create({ id: 'a' });
    await repository.archive({ sessionId: 'a', archived: true, subtree: false });
    utimesSync(store.path('store.jsonl'), new Date(), new Date());
    await repository.archive({ sessionId: 'a', archived: false, subtree: false });
    replace(store.path('store.jsonl'));
    await repository.archive({ sessionId: 'a', archived: true, subtree: false });
    const log = readFileSync(store.path('store.jsonl'), 'utf8').trimEnd().split('\n');
    expect(log.map((line) => (JSON.parse(line) as { op: string }).op)).toEqual([
      'store',
      'archive',
      'unarchive',
      'archive',
    ]);
  });

  it('an append goes to the file that has the name, also where that came with the time of the old one', async () => {
    const repository = await store.open();
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: [say('one')] });
    execFileSync('cp', ['-p', store.sessionFile('a'), store.path('copy')]);
    renameSync(store.path('copy'), store.sessionFile('a'));
    await repository.append({ sessionId: 'a', messages: [say('two')] });
    expect(store.lines('a')).toHaveLength(3);
  });

  it('nothing is written through a link, and one in place of a file costs no other session anything', async () => {
    const repository = await store.open();
    for (const id of ['a', 'b']) await repository.create({ id, messages: [say(`of ${id}`)] });
    const outside = `${await temporaryDirectory()}/outside`;
    renameSync(store.sessionFile('a'), outside);
    const before = readFileSync(outside, 'utf8');
    symlinkSync(outside, store.sessionFile('a'));
    await expect(repository.append({ sessionId: 'a', messages: [say('lost')] })).rejects.toThrow();
    expect(await histories(repository, 'a', 'b')).toEqual([[], ['of b']]);
    expect(readFileSync(outside, 'utf8')).toBe(before);
  });

  it('a folder in place of a file costs no other session anything', async () => {
    const repository = await store.open();
    for (const id of ['a', 'b']) await repository.create({ id, messages: [say(`of ${id}`)] });
    rmSync(store.sessionFile('a'));
    mkdirSync(store.sessionFile('a'));
    expect(await histories(repository, 'a', 'b')).toEqual([[], ['of b']]);
  });

  it.each(['a link', 'a folder'])(
    '%s in place of a known file is reported by the next start',
    async (what) => {
      await store.during((repository) => repository.create({ id: 'a' }));
      rmSync(store.sessionFile('a'));
      if (what === 'a folder') mkdirSync(store.sessionFile('a'));
      else symlinkSync(store.path('store.jsonl'), store.sessionFile('a'));
      await store.during(async (repository) => {
        expect((await repository.status()).quarantined).toMatchObject([
          { path: sessionPath('a'), reason: expect.stringContaining('not a plain file') },
        ]);
      });
    },
  );

  it('a parent that was lost and is made anew has its children again, as in an index that is built anew', async () => {
    await store.during(async (repository) => {
      await repository.create({ id: 'a' });
      await repository.create({ id: 'b', parentId: 'a' });
    });
    rmSync(store.sessionFile('a'));
    const placed = [
      { id: 'a', depth: 0, childCount: 1 },
      { id: 'b', depth: 1, rootId: 'a' },
    ];
    await store.during(async (repository) => {
      expect(await repository.findMany(['b'])).toMatchObject([{ depth: 0, parentId: 'a' }]);
      await repository.create({ id: 'a' });
      expect(await repository.findMany(['a', 'b'])).toMatchObject(placed);
    });
    rmSync(store.path('index.db'));
    await store.during(async (repository) => {
      expect(await repository.findMany(['a', 'b'])).toMatchObject(placed);
    });
  });

  it('a search finds nothing of a file that was removed', async () => {
    const repository = await store.open();
    for (const id of ['a', 'b']) await repository.create({ id, messages: [say('fox')] });
    const search = () => repository.search({ query: 'fox', limit: 1 });
    expect(await search()).toMatchObject({ hasMore: true });
    rmSync(store.sessionFile('a'));
    await histories(repository, 'a');
    expect(await search()).toMatchObject({ hits: [{ sessionId: 'b' }], hasMore: false });
  });

  it('what is read again while the store closes leaves nothing behind', async () => {
    await store.during(async (repository) => {
      for (const id of ['a', 'b']) await repository.create({ id, messages: [say('one')] });
    });
    const repository = await store.open();
    for (const id of ['a', 'b']) utimesSync(store.sessionFile(id), new Date(), new Date());
    const reads = [histories(repository, 'a').catch(() => {})];
    const closed = repository.close();
    reads.push(histories(repository, 'b').catch(() => {}));
    await Promise.all([closed, ...reads]);
    expect(existsSync(store.path('index.clean.json'))).toBe(true);
    expect(existsSync(store.path('journal')) ? readdirSync(store.path('journal')) : []).toEqual([]);
  });

  it('messages of one line are read, and count, once', async () => {
    const repository = await store.open();
    const long = { role: 'ASSISTANT' as const, content: 'z'.repeat(1_500) };
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: [say('word'), long] });
    await repository.append({ sessionId: 'a', messages: [say('more'), say('again')] });
    const refs = [3, 1, 0].map((ordinal) => ({ sessionId: 'a', ordinal }));
    const found = await repository.findMessages([...refs, { sessionId: 'x', ordinal: 0 }], 2_500);
    expect(found.map((message) => message?.ordinal)).toEqual([3, 1, 0, undefined]);
    await expect(repository.findMessages(refs, 1_500)).rejects.toThrow();
  });

  it('a folder of sessions that was taken away is made anew', async () => {
    const repository = await store.open();
    const ids = Array.from({ length: 2_000 }, (_, n) => `session-${n}`);
    const [first, second] = ids.filter((id) => shardOf(id) === shardOf('session-0'));
    await repository.create({ id: first! });
    rmSync(dirname(store.sessionFile(first!)), { recursive: true });
    await repository.create({ id: second! });
    expect(existsSync(store.sessionFile(second!))).toBe(true);
  });
});

describe('at a start', () => {
  it('a file with the name of a folder of sessions is reported and passed over', async () => {
    await store.during((repository) => repository.create({ id: 'a' }));
    const name = SHARDS.find((shard) => shard !== shardOf('a'))!;
    writeFileSync(store.path('sessions', name), 'x');
    await store.during(async (repository) => {
      expect(await repository.findMany(['a'])).toMatchObject([{ id: 'a' }]);
    });
    const { problems } = await checkDataDirectory({ directory: store.directory });
    expect(problems.map(({ path }) => path)).toEqual([`sessions/${name}`]);
  });

  it('what systems and editors leave in the folders needs no word; a file with a wrong name does', async () => {
    await store.during((repository) => repository.create({ id: 'a', messages: [say('kept')] }));
    const folder = ['sessions', shardOf('a')];
    for (const name of [
      '.DS_Store',
      'Thumbs.db',
      'desktop.ini',
      '._a.jsonl',
      '.a.jsonl.swp',
      'a.jsonl~',
      '.nfs000000000001',
    ]) {
      writeFileSync(store.path(...folder, name), 'x');
      writeFileSync(store.path('sessions', name), 'x');
    }
    for (const name of ['lost+found', '.Trash-0', '#a.jsonl#', '.stfolder'])
      mkdirSync(store.path(...folder, name));
    writeFileSync(store.path(...folder, 'a.sync-conflict-20260102-030405-ABCDEFG.jsonl'), 'x');
    const check = async () => (await checkDataDirectory({ directory: store.directory })).problems;
    await store.during(async (repository) => {
      expect((await repository.status()).quarantined).toEqual([]);
      expect(await check()).toEqual([]);
    });
    expect(existsSync(store.path('index.clean.json'))).toBe(true);
    expect(await check()).toEqual([]);
    for (const name of ['a copy.jsonl', 'A.jsonl', '.b.jsonl'])
      writeFileSync(store.path(...folder, name), 'x');
    expect((await check()).map(({ reason }) => reason)).toEqual(
      Array(3).fill('not the name of a session file'),
    );
  });

  // root may read any file.
  it.skipIf(process.getuid?.() === 0)(
    'a file that may not be read is reported, and keeps its place',
    async () => {
      await store.during(async (repository) => {
        for (const id of ['a', 'b']) await repository.create({ id, messages: [say('kept')] }, operation(id));
      });
      chmodSync(store.sessionFile('b'), 0);
      utimesSync(store.sessionFile('b'), new Date(), new Date());
      rmSync(store.path('index.clean.json'));
      await store.during(async (repository) => {
        expect((await repository.status()).quarantined).toMatchObject([{ path: sessionPath('b') }]);
        expect(await histories(repository, 'a')).toEqual([['kept']]);
        expect(await repository.create({ id: 'c' })).toMatchObject({ sequence: 3 });
      });
      chmodSync(store.sessionFile('b'), 0o644);
      rmSync(store.path('index.clean.json'), { force: true });
      await store.during(async (repository) => {
        expect(await histories(repository, 'b')).toEqual([['kept']]);
        expect(await repository.create({ id: 'b' }, operation('b'))).toMatchObject({ id: 'b', sequence: 2 });
        expect((await repository.status()).quarantined).toEqual([]);
      });
    },
  );

  it('without a log, a folder with the name of a session is no session', async () => {
    await store.during((repository) => repository.create({ id: 'a' }));
    rmSync(store.path('store.jsonl'));
    mkdirSync(store.path('sessions', '00', 'x.jsonl'), { recursive: true });
    await store.during(async (repository) => {
      expect(await repository.findMany(['a'])).toMatchObject([{ id: 'a' }]);
    });
  });

  it('without a log that can be read, a store is the one that its sessions were taken into', async () => {
    const other = await TestStore.make();
    const foreign = Array.from({ length: 2_000 }, (_, n) => `session-${n}`).find(
      (id) => shardOf(id) === '00',
    )!;
    await other.during((repository) => repository.create({ id: foreign }));
    await store.during((repository) => repository.create({ id: 'a' }));
    mkdirSync(dirname(store.sessionFile(foreign)), { recursive: true });
    copyFileSync(other.sessionFile(foreign), store.sessionFile(foreign));
    await store.during((repository) => repository.findMany([foreign]));
    const lines = store.lines('a');
    rmSync(store.path('store.jsonl'));
    await store.during(async (repository) => {
      expect(await repository.findMany(['a'])).toMatchObject([{ id: 'a', sequence: 1 }]);
    });
    expect(store.lines('a')).toEqual(lines);
  });

  it('sessions that are each beneath the other are roots, also after their files were touched', async () => {
    await store.during(async (repository) => {
      await repository.create({ id: 'a' });
      await repository.create({ id: 'b', parentId: 'a' });
    });
    rmSync(store.sessionFile('a'));
    await store.during((repository) => repository.create({ id: 'a', parentId: 'b' }));
    rmSync(store.path('index.db'));
    await store.during(async (repository) => {
      for (const id of ['a', 'b']) {
        utimesSync(store.sessionFile(id), new Date(), new Date());
        await repository.append({ sessionId: id, messages: exchange(1) });
      }
      expect(await repository.findMany(['a', 'b'])).toMatchObject([
        { id: 'a', depth: 0 },
        { id: 'b', depth: 0 },
      ]);
      expect(await repository.ancestorsOf(['a', 'b'])).toEqual([[], []]);
    });
  });
});

it('check --repair puts back a file that the power took and the journal has, and leaves links alone', async () => {
  const repository = await store.open();
  await repository.create({ id: 'a', messages: [say('kept')] });
  const copy = await temporaryDirectory();
  cpSync(store.directory, copy, { recursive: true });
  const file = store.sessionFile('a').replace(store.directory, copy);
  rmSync(file);
  symlinkSync(store.sessionFile('a'), `${dirname(file)}/odd.jsonl`);
  const { problems } = await checkDataDirectory({ directory: copy });
  const paths = problems.map(({ path }) => path).filter((path) => path.endsWith('.jsonl'));
  await repairDataDirectory({ directory: copy }, paths);
  const again = await openFileRepository({ directory: copy });
  expect(await contents(again, 'a')).toEqual(['kept']);
  await again.close();
});

describe('settings', () => {
  it('that are undefined count as left out', async () => {
    const directory = await temporaryDirectory();
    const unset = { limits: undefined, durability: undefined, logger: undefined, onProgress: undefined };
    const repository = await openFileRepository({ directory, ...unset } as never);
    await repository.create({ id: 'a' });
    await repository.update({ sessionId: 'a', metadata: { b: 1 } });
    // With durability, acknowledged writes go through the journal.
    expect(existsSync(`${directory}/journal`)).toBe(true);
    await repository.close();
  });

  it('of which a limit is undefined leave it at its default', async () => {
    const directory = await temporaryDirectory();
    const repository = await openFileRepository({ directory, limits: { metadataDepth: undefined } });
    await repository.create({ id: 'a' });
    let deep: JsonObject = {};
    for (let level = 1; level <= DEFAULT_LIMITS.metadataDepth; level += 1) deep = { deep };
    await expect(repository.update({ sessionId: 'a', metadata: deep })).rejects.toThrow('metadata');
    await repository.close();
  });

  it('that have an unknown value are refused', async () => {
    const opened = openFileRepository({ directory: await temporaryDirectory(), durability: 'none' as never });
    await expect(opened).rejects.toThrow(/^durability: expected disk or os, got "none"$/);
  });
});
