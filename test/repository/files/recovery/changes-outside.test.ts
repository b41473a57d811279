import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { contents, say, TestStore } from '../store.ts';

/** The kinds of changes since a mark, and their sessions; "reset" if it cannot be honoured. */
async function changesSince(repository: SessionRepository, after: string): Promise<'reset' | string[]> {
  const page = await repository.changesSince({ within: null, after, limit: 1_000 });
  return page.isReset ? 'reset' : page.changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`);
}

async function populate(repository: SessionRepository): Promise<string> {
  for (const id of ['a', 'b', 'c']) await repository.create({ id, messages: [say(`one of ${id}`)] });
  return repository.mark();
}

const WITH_OTHER_TEXT = (bytes: Buffer) => Buffer.from(bytes.toString().replace('one of', 'two of'));

/** What another program can do to the files of sessions. */
const BY_OTHERS: [what: string, change: (store: TestStore) => void][] = [
  ['edited', (store) => store.edit('b', WITH_OTHER_TEXT)],
  ['removed', (store) => rmSync(store.sessionFile('b'))],
  ['cut', (store) => store.edit('b', (bytes) => bytes.subarray(0, bytes.indexOf('\n') + 1))],
  ['replaced by a folder', (store) => renameSync(store.sessionFile('b'), store.path('b'))],
];

describe('a mark, after another program changed the file of a session', () => {
  it.each(BY_OTHERS)('is not honoured where the file was %s while the store was open', async (_, change) => {
    const store = await TestStore.make();
    const repository = await store.open();
    const mark = await populate(repository);
    change(store);
    await contents(repository, 'b');
    expect(await changesSince(repository, mark)).toBe('reset');
    const now = await repository.mark();
    await repository.append({ sessionId: 'a', messages: [say('more')] });
    // What is damaged is read again and again.
    await contents(repository, 'b');
    expect(await changesSince(repository, now)).toEqual(['APPENDED a']);
    await repository.close();
    await store.during(async (again) => {
      expect(await changesSince(again, mark)).toBe('reset');
      expect(await changesSince(again, now)).toEqual(['APPENDED a']);
    });
  });

  it.each(BY_OTHERS)(
    'is not honoured where the file was %s while the store was closed',
    async (_, change) => {
      const store = await TestStore.make();
      const mark = await store.during(populate);
      change(store);
      const now = await store.during(async (repository) => {
        await contents(repository, 'b');
        expect(await changesSince(repository, mark)).toBe('reset');
        return repository.mark();
      });
      await store.during(async (repository) => {
        await contents(repository, 'b');
        expect(await changesSince(repository, now)).toEqual([]);
      });
    },
  );

  it('is not honoured once the file is put back', async () => {
    const store = await TestStore.make();
    await store.during(populate);
    const good = readFileSync(store.sessionFile('b'));
    store.edit('b', WITH_OTHER_TEXT);
    const repository = await store.open();
    const mark = await repository.mark();
    writeFileSync(store.sessionFile('b'), good);
    expect(await contents(repository, 'b')).toEqual(['one of b']);
    expect(await changesSince(repository, mark)).toBe('reset');
  });

  it('is not honoured where a session came from another store', async () => {
    const store = await TestStore.make();
    const mark = await store.during(populate);
    const other = await TestStore.make();
    await other.during((repository) => repository.create({ id: 'guest', messages: [say('hello')] }));
    cpSync(other.sessionFile('guest'), store.sessionFile('guest'), { recursive: true });
    await store.during(async (repository) => {
      expect(await changesSince(repository, mark)).toBe('reset');
      expect(await repository.findMany(['guest'])).toMatchObject([{ id: 'guest' }]);
    });
    // Without the index, only the files tell.
    rmSync(store.path('index.db'));
    await store.during(async (repository) => {
      expect(await changesSince(repository, mark)).toEqual(['CREATED guest', 'APPENDED guest']);
    });
  });

  it('is not honoured once a damaged line of the log is put right', async () => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await populate(repository);
      await repository.move({ sessionId: 'b', parentId: 'a' });
      await repository.move({ sessionId: 'c', parentId: 'a' });
    });
    const good = readFileSync(store.path('store.jsonl'));
    writeFileSync(store.path('store.jsonl'), good.toString().replace('"parentId":"a"', '"parentId":"A"'));
    rmSync(store.path('index.db'));
    const mark = await store.during((repository) => repository.mark());
    await store.during(async (repository) => expect(await changesSince(repository, mark)).toEqual([]));
    writeFileSync(store.path('store.jsonl'), good);
    await store.during(async (repository) => {
      expect(await repository.findMany(['b'])).toMatchObject([{ parentId: 'a' }]);
      expect(await changesSince(repository, mark)).toBe('reset');
    });
  });

  it('is not honoured where an older copy of the store was put back', async () => {
    const store = await TestStore.make();
    const older = await TestStore.make();
    await store.during(populate);
    cpSync(store.directory, older.directory, { recursive: true });
    const mark = await store.during(async (repository) => {
      await repository.update({ sessionId: 'a', title: 'x' });
      return repository.mark();
    });
    await older.during(async (repository) => expect(await changesSince(repository, mark)).toBe('reset'));
  });
});

describe('a mark, after the process was killed', () => {
  it('is honoured: what the index had not taken in is told', async () => {
    const store = await TestStore.make();
    const killed = await TestStore.make();
    const mark = await store.during(populate);
    const repository = await store.open();
    await repository.move({ sessionId: 'b', parentId: 'a' });
    await repository.delete({ sessionId: 'c', mode: 'RESTRICT' });
    await repository.append({ sessionId: 'a', messages: [say('more')] });
    await repository.create({ id: 'd', parentId: 'a' });
    await repository.update({ sessionId: 'b', title: 'x' });
    const expected = await changesSince(repository, mark);
    expect(expected).toEqual(['DELETED c', 'APPENDED a', 'CREATED d', 'MOVED b', 'UPDATED b']);
    const latest = await repository.mark();
    // The index lacks its pending rows. The copies keep the times of the files.
    execFileSync('cp', ['-a', `${store.directory}/.`, killed.directory]);
    appendFileSync(killed.sessionFile('a'), '{"op":"append","cut short');
    await killed.during(async (again) => {
      expect(await again.mark()).toBe(latest);
      expect(await changesSince(again, mark)).toEqual(expected);
      expect(await changesSince(again, latest)).toEqual([]);
    });
  });
});

it('the trees in which something happened are not known after a session was created above orphans', async () => {
  const store = await TestStore.make();
  await store.during(async (repository) => {
    await repository.create({ id: 'above' });
    await repository.create({ id: 'below', parentId: 'above' });
  });
  rmSync(store.sessionFile('above'));
  await store.during(async (repository) => {
    const append = () => repository.append({ sessionId: 'below', messages: [say('more')] });
    const before = await repository.mark();
    await append();
    const alone = await repository.changedTrees(before);
    expect([...alone.rootIds!]).toEqual(['below']);
    await repository.create({ id: 'above' });
    const found = await repository.changedTrees(alone.mark);
    expect(found.rootIds).toBeNull();
    await append();
    expect([...(await repository.changedTrees(found.mark)).rootIds!]).toEqual(['above']);
  });
});
