import { chmodSync, copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { sessionPath } from '../../../../src/repository/files/format/layout.ts';
import { checkDataDirectory } from '../../../../src/repository/files/tools/check.ts';
import { exchange, TestStore } from '../store.ts';

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'root' });
    await repository.create({ id: 'child', parentId: 'root' });
    for (const n of [1, 2, 3]) await repository.append({ sessionId: 'child', messages: exchange(n) });
  });
});

const problems = async () => (await checkDataDirectory({ directory: store.directory })).problems;

describe('check', () => {
  it('finds nothing wrong with a healthy store, and says what it holds', async () => {
    expect(await checkDataDirectory({ directory: store.directory })).toEqual({
      sessionCount: 2,
      messageCount: 3,
      problems: [],
    });
  });

  it('leaves nothing behind, and asks for no more than to read', async () => {
    const before = readdirSync(store.directory);
    chmodSync(store.directory, 0o555);
    expect(await problems()).toEqual([]);
    chmodSync(store.directory, 0o755);
    expect(readdirSync(store.directory)).toEqual(before);
  });

  it('finds nothing wrong beside an owner that writes all the while', async () => {
    const repository = await store.open();
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, n) => {
      const { id } = await repository.create({ parentId: 'root', metadata: { writer: n } });
      for (let turn = 0; writing; turn += 1) {
        await repository.append({ sessionId: turn % 2 ? id : 'child', messages: exchange(n) });
        await repository.create({ parentId: id });
      }
    });
    for (let look = 0; look < 3; look += 1) expect(await problems()).toEqual([]);
    writing = false;
    await Promise.all(writers);
  });

  it('finds nothing wrong with what a process that was killed had written and not yet taken into the index', async () => {
    copyFileSync(store.path('index.db'), store.path('kept'));
    await store.during(async (repository) => {
      await repository.append({ sessionId: 'child', messages: exchange(4) });
      await repository.create({ id: 'new', parentId: 'root' });
      await repository.archive({ sessionId: 'child', archived: true, subtree: false });
    });
    renameSync(store.path('kept'), store.path('index.db'));
    rmSync(store.path('index.clean.json'));
    expect(await problems()).toEqual([]);
    // Unrelated problems are still found.
    const index = new DatabaseSync(store.path('index.db'));
    index.exec("UPDATE sessions SET title = 'wrong' WHERE id = 'root'");
    index.close();
    expect(await problems()).toMatchObject([{ reason: expect.stringMatching(/"root": the index differs/) }]);
  });

  it('finds an index that has lost the result of a tool call', async () => {
    await store.during((repository) =>
      repository.append({ sessionId: 'child', messages: [{ role: 'TOOL', content: '', toolCallId: 'c' }] }),
    );
    const index = new DatabaseSync(store.path('index.db'));
    index.exec('DELETE FROM tool_results');
    index.close();
    expect(await problems()).toMatchObject([{ reason: expect.stringMatching(/"child": the index differs/) }]);
  });

  it('finds a file that lost its last line when nobody was there', async () => {
    rmSync(store.path('index.clean.json'));
    store.edit('child', (bytes) => bytes.subarray(0, bytes.lastIndexOf(0x0a, bytes.length - 2) + 1));
    expect(await problems()).toMatchObject([{ reason: expect.stringMatching(/"child": the index differs/) }]);
  });

  it('finds a file that somebody removes beside the owner', async () => {
    await store.open();
    rmSync(store.sessionFile('child'));
    expect(await problems()).toMatchObject([
      { path: 'index.db', reason: expect.stringMatching(/"child": the index differs/) },
    ]);
  });

  it('finds a session that the index of the owner has lost, once the owner should have found its file', async () => {
    await store.open();
    const index = new DatabaseSync(store.path('index.db'));
    index.exec("DELETE FROM sessions WHERE id = 'child'");
    index.close();
    expect(await problems()).toEqual([]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(await problems()).toMatchObject([
      { path: 'index.db', reason: expect.stringMatching(/"child": the index differs/) },
    ]);
  });

  it('finds a flipped bit, with its line', async () => {
    store.edit('child', (bytes) => bytes.fill(bytes.at(-40)! ^ 4, bytes.length - 40, bytes.length - 39));
    expect(await problems()).toMatchObject([
      { path: sessionPath('child'), reason: expect.stringMatching(/^line 4: .*checksum/) },
    ]);
  });

  it('does not blame the index for what only a damaged line says of the activity in a tree', async () => {
    const createdAt = new Date('2100-01-01T00:00:00Z');
    await store.during((repository) =>
      repository.append({ sessionId: 'child', messages: [{ role: 'USER', content: '', createdAt }] }),
    );
    store.edit('child', (bytes) => bytes.fill(bytes.at(-40)! ^ 4, bytes.length - 40, bytes.length - 39));
    expect(await problems()).toMatchObject([{ path: sessionPath('child') }]);
    const index = new DatabaseSync(store.path('index.db'));
    index.exec("UPDATE sessions SET title = 'wrong' WHERE id = 'root'");
    index.close();
    expect((await problems()).map(({ path }) => path)).toEqual([sessionPath('child'), 'index.db']);
  });

  it('finds an unfinished write', async () => {
    store.edit('child', (bytes) => Buffer.concat([bytes, Buffer.from('{"seq":9')]));
    expect(await problems()).toMatchObject([
      { path: sessionPath('child'), reason: expect.stringContaining('unfinished write') },
    ]);
  });

  it('finds a session whose parent is gone', async () => {
    rmSync(store.sessionFile('root'));
    const found = await problems();
    expect(found).toContainEqual({
      path: sessionPath('child'),
      reason: 'its parent "root" cannot be read: it is served as a root',
    });
    expect(found).toContainEqual({ path: 'index.db', reason: expect.stringContaining('"root"') });
  });

  it.each([
    ["UPDATE sessions SET title = 'x' WHERE id = 'child'", 'child'],
    ['UPDATE messages SET offset = offset + 1 WHERE ordinal = 0', 'child'],
    ['UPDATE messages SET created_at = created_at + 1 WHERE ordinal = 0', 'child'],
    ["DELETE FROM sessions WHERE id = 'root'", 'root'],
    ["UPDATE sessions SET depth = 7 WHERE id = 'child'", 'child'],
  ])('finds an index that was changed by %s', async (sql, id) => {
    const database = new DatabaseSync(store.path('index.db'));
    database.exec(sql);
    database.close();
    expect(await problems()).toMatchObject([
      { path: 'index.db', reason: expect.stringContaining(`session "${id}"`) },
    ]);
  });

  it('finds an index that cannot be used', async () => {
    writeFileSync(store.path('index.db'), 'noise');
    expect(await problems()).toEqual([
      { path: 'index.db', reason: 'cannot be used; the next start builds it again' },
    ]);
  });

  it('says where there is no store', async () => {
    rmSync(store.path('store.jsonl'));
    await expect(problems()).rejects.toThrow(/no Sessiontree store/);
  });
});

describe('two sessions of one owner with the same key, one of them from another store', () => {
  it('are both served; the earlier has the key, and check reports the other', async () => {
    const other = await TestStore.make();
    await other.during(async (repository) => {
      await repository.create({ id: 'theirs', key: 'k' });
    });
    await store.during(async (repository) => {
      await repository.update({ sessionId: 'child', key: 'k' });
    });
    mkdirSync(dirname(store.sessionFile('theirs')), { recursive: true });
    copyFileSync(other.sessionFile('theirs'), store.sessionFile('theirs'));
    const asked = [{ key: 'k', ownerId: null }];
    const found = async () =>
      await store.during(async (repository) => {
        const [holder] = await repository.findByKeys(asked);
        const [theirs] = await repository.findMany(['theirs']);
        await expect(repository.create({ key: 'k' })).rejects.toMatchObject({ key: 'k' });
        return [holder?.id, theirs?.key];
      });
    expect(await found()).toEqual(['child', 'k']);
    const problem = {
      path: sessionPath('theirs'),
      reason: 'its key is that of the session "child", too, which has it; change or remove one of the keys',
    };
    expect(await problems()).toEqual([problem]);
    for (const name of readdirSync(store.directory))
      if (name.startsWith('index.')) rmSync(`${store.directory}/${name}`);
    expect(await found()).toEqual(['child', 'k']);
    await store.during(async (repository) => {
      expect(await problems()).toEqual([problem]);
      await repository.update({ sessionId: 'child', key: null });
      expect((await repository.findByKeys(asked))[0]?.id).toBe('theirs');
    });
    expect(await problems()).toEqual([]);
  });
});
