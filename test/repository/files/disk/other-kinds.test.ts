import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { DataDirectoryError } from '../../../../src/repository/files/disk/data-directory.ts';
import { openFileRepositoryForReading } from '../../../../src/repository/files/open.ts';
import { UnreadableStoreError } from '../../../../src/repository/files/scan/store-id.ts';
import { contents, say, TestStore } from '../store.ts';

const OTHERS = 'of somebody else';

const KINDS: readonly [string, (path: string, other: string) => void][] = [
  ['a link', (path, other) => symlinkSync(other, path)],
  ['a folder', (path) => mkdirSync(path)],
  ['a named pipe', (path) => execFileSync('mkfifo', [path])],
];

let store: TestStore;
/** A file outside of the store, which nothing may change. */
let other: string;

beforeEach(async () => {
  store = await TestStore.make();
  await store.during((repository) => repository.create({ id: 'a', messages: [say('kept')] }));
  other = store.path('..', `${store.directory.split('/').at(-1)}-other`);
  writeFileSync(other, OTHERS);
  onTestFinished(() => rmSync(other));
});

describe.each(KINDS)('%s', (kind, make) => {
  const MADE_ANEW = [
    'index.db',
    'index.db-wal',
    'index.db-shm',
    'search.db',
    'search.db-wal',
    'index.clean.json',
    'index.clean.json.tmp',
    'store.jsonl.tmp',
    'unsynced',
    'owner.json',
  ];

  it('in the place of a file that can be made anew is not opened, and moved aside by the next start', async () => {
    for (const name of MADE_ANEW) {
      rmSync(store.path(name), { force: true });
      make(store.path(name), other);
    }
    const reader = await openFileRepositoryForReading({ directory: store.directory });
    expect(await contents(reader as never, 'a')).toEqual(['kept']);
    await reader.close();
    expect(await store.problems()).toMatchObject([
      { path: 'index.db', reason: expect.stringContaining('next start') },
    ]);
    for (const name of MADE_ANEW) expect(lstatSync(store.path(name)).isFile(), name).toBe(false);

    await store.during(async (repository) => {
      expect(await contents(repository, 'a')).toEqual(['kept']);
      expect(await repository.search({ query: 'kept', limit: 1 })).toMatchObject({
        hits: [{ sessionId: 'a' }],
      });
      expect((await repository.status()).quarantined).toEqual([]);
    });
    const kept = readdirSync(store.path('torn'));
    for (const name of MADE_ANEW)
      expect(
        kept.filter((one) => one.startsWith(`${name}.1`) || one.startsWith(`${name}.2`)),
        name,
      ).toHaveLength(1);
    for (const one of kept) expect(lstatSync(store.path('torn', one)).isFile()).toBe(false);
    expect(readFileSync(other, 'utf8')).toBe(OTHERS);
    expect(await store.problems()).toEqual([]);
  });

  it.each(kind === 'a folder' ? ['lock'] : ['lock', 'journal', 'torn'])(
    'in the place of "%s" keeps the store shut, and the error says so',
    async (name) => {
      rmSync(store.path(name), { recursive: true, force: true });
      make(store.path(name), other);
      await expect(store.open()).rejects.toThrow(DataDirectoryError);
      await expect(store.open()).rejects.toThrow(
        /Expected a (file|folder) at .*, got a (link|folder|named pipe)\. Move it away/,
      );
      expect(readFileSync(other, 'utf8')).toBe(OTHERS);
      await store.problems();
      rmSync(store.path(name), { recursive: true });
      await store.during(async (repository) => expect(await contents(repository, 'a')).toEqual(['kept']));
    },
  );

  it('in the place of "store.jsonl" is no store', async () => {
    rmSync(store.path('store.jsonl'));
    make(store.path('store.jsonl'), other);
    await expect(store.open()).rejects.toThrow(UnreadableStoreError);
    await expect(store.problems()).rejects.toThrow(/Expected a file at .*store\.jsonl/);
    expect(readFileSync(other, 'utf8')).toBe(OTHERS);
  });

  it('in the place of a file of the journal is reported, and not opened', async () => {
    mkdirSync(store.path('journal'), { recursive: true });
    make(store.path('journal', '7.journal'), other);
    const reported = [{ path: 'journal/7.journal', reason: expect.stringContaining('not a plain file') }];
    expect(await store.problems()).toMatchObject(reported);
    await store.during(async (repository) => {
      expect((await repository.status()).quarantined).toMatchObject(reported);
      await repository.append({ sessionId: 'a', messages: [say('more')] });
    });
    expect(lstatSync(store.path('journal', '7.journal')).isFile()).toBe(false);
    expect(readFileSync(other, 'utf8')).toBe(OTHERS);
  });
});

describe.each([...KINDS.slice(2), ['nothing', () => {}] as const])('%s', (_, make) => {
  it.each(['index.db', 'index.db-wal', 'search.db', 'search.db-wal'])(
    'in the place of "%s" while the store is open stops no read, no write, no search for long, and no stop',
    async (name) => {
      const children = Array.from({ length: 250 }, (_, n) => `child-${n}`);
      const repository = await store.open();
      await Promise.all(children.map((id) => repository.create({ id, parentId: 'a' })));
      await repository.search({ query: 'kept', limit: 1 });
      renameSync(store.path(name), store.path('aside'));
      make(store.path(name), other);

      await repository.append({ sessionId: 'a', messages: [say('more')] });
      expect(await contents(repository, 'a')).toEqual(['kept', 'more']);
      await store.problems();
      for (const query of ['kept', 'kep* mor*', 'more']) {
        const searched = repository.search({ query, limit: 1 });
        await searched.catch((error) => expect(error).toMatchObject({ isRetryable: true }));
      }
      await repository
        .delete({ sessionId: 'a', mode: 'REPARENT' })
        .catch((error) => expect(error).toMatchObject({ isRetryable: true }));
      await repository.create({ id: 'after' });
      const ids = (await repository.findMany(['a', ...children, 'after'])).map((found) => found?.id);
      await repository.close();
      expect(readFileSync(other, 'utf8')).toBe(OTHERS);
      await store.during(async (again) => {
        const found = await again.findMany(['a', ...children, 'after']);
        expect(found.map((session) => session?.id)).toEqual(ids);
      });
    },
  );
});
