import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
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
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { Records } from '../../../../src/repository/files/search/records.ts';
import type { SearchKey, SearchPage } from '../../../../src/repository/reads.ts';
import type { SessionRepository } from '../../../../src/repository/repository.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { completePage } from '../../contract/store.ts';
import { contents, say, TestStore } from '../store.ts';

const found = async (repository: SessionRepository, query: string) => {
  const { hits, isComplete } = await completePage(() => repository.search({ query, limit: 10 }));
  expect(isComplete).toBe(true);
  return hits.map(({ sessionId, ordinal }) => `${sessionId}:${ordinal}`).sort();
};

/** Copies the write-ahead log into the database file. */
const withoutLog = (path: string) => change(path, 'PRAGMA wal_checkpoint(TRUNCATE)');

const change = (path: string, sql: string) => {
  const database = new DatabaseSync(path, { defensive: false });
  database.exec(sql);
  database.close();
};

describe('the search index', () => {
  it.each([
    ['deleted', (path: string) => rmSync(path)],
    ['cut', (path: string) => truncateSync(path, 5_000)],
    ['filled with noise', (path: string) => writeFileSync(path, Buffer.alloc(50_000, 'noise'))],
    [
      'damaged where only taking text in comes across it',
      (path: string) =>
        change(path, "UPDATE texts_1_data SET block = X'ffffffffffffffff'; DELETE FROM indexed"),
    ],
    [
      'damaged where only a search comes across it',
      (path: string) => change(path, "UPDATE texts_1_data SET block = X'ffffffffffffffff'"),
    ],
    [
      'made by a version that did not follow some rollbacks',
      (path: string) =>
        change(path, "UPDATE documents SET ordinal = 9; UPDATE meta SET value = 10 WHERE key = 'version'"),
    ],
  ])('is built again when it was %s', async (_, spoil) => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a', messages: [say('fox'), say('bear'), say('a fox')] });
      expect(await found(repository, 'fox')).toEqual(['a:0', 'a:2']);
    });
    expect(existsSync(store.path('search.db'))).toBe(true);
    withoutLog(store.path('search.db'));
    spoil(store.path('search.db'));
    await store.during(async (repository) => {
      expect(await found(repository, 'fox')).toEqual(['a:0', 'a:2']);
      await repository.append({ sessionId: 'a', messages: [say('another fox')] });
      expect(await found(repository, 'fox')).toEqual(['a:0', 'a:2', 'a:3']);
    });
  });

  it('follows a file that somebody else changed', async () => {
    const store = await TestStore.make();
    const repository = await store.open();
    await repository.create({ id: 'a' });
    await repository.append({ sessionId: 'a', messages: [say('fox')] });
    await repository.append({ sessionId: 'a', messages: [say('last fox')] });
    expect(await found(repository, 'fox')).toEqual(['a:0', 'a:1']);
    store.edit('a', (bytes) => bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1));
    await repository.append({ sessionId: 'a', messages: [say('bear')] });
    expect(await found(repository, 'fox')).toEqual(['a:0']);
    expect(await found(repository, 'bear')).toEqual(['a:2']);
  });

  it('finds what was put back into a file of the same size and time, however short the run that saw it', async () => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a' });
      await repository.append({ sessionId: 'a', messages: [say('fox')] });
      await repository.append({ sessionId: 'a', messages: [say('bear')] });
    });
    const { mtime } = statSync(store.sessionFile('a'));
    const keepTime = () => utimesSync(store.sessionFile('a'), mtime, mtime);
    keepTime();
    const whole = readFileSync(store.sessionFile('a'));
    store.edit('a', (bytes) => Buffer.from(bytes.toString('latin1').replace('fox', 'f%x'), 'latin1'));
    keepTime();
    rmSync(store.path('index.clean.json'));
    rmSync(store.path('index.db'));
    await store.during(async (repository) => {
      expect(await found(repository, 'fox')).toEqual([]);
      expect(await found(repository, 'bear')).toEqual(['a:1']);
    });
    store.edit('a', () => whole);
    keepTime();
    await store.during(async (repository) =>
      expect(await contents(repository, 'a')).toEqual(['fox', 'bear']),
    );
    await store.during(async (repository) => expect(await found(repository, 'fox')).toEqual(['a:0']));
  });

  it('takes each message in once, however it is written to meanwhile', async () => {
    const store = await TestStore.make();
    const repository = await store.open();
    const ids = Array.from({ length: 32 }, (_, n) => `client-${n}`);
    await Promise.all(ids.map((id) => repository.create({ id })));
    const end = Date.now() + 2_000;
    const write = async (sessionId: string) => {
      while (Date.now() < end) await repository.append({ sessionId, messages: [say('fox'), say('bear')] });
    };
    const search = async () => {
      while (Date.now() < end) await repository.search({ query: 'fox', limit: 1 });
    };
    await Promise.all([...ids.map(write), search()]);
    const warnings = store.said.filter(({ level }) => level === 'warn' || level === 'error');
    expect(warnings).toEqual([]);
    const [session] = await repository.findMany(['client-0']);
    const hits = [];
    let after: SearchKey | null = null;
    for (let more = true; more; ) {
      const request = { query: 'fox', within: 'client-0', limit: 1_000, after };
      const page: SearchPage = await completePage(() => repository.search(request));
      expect(page.isComplete).toBe(true);
      hits.push(...page.hits);
      after = { ranking: page.ranking, place: page.hits.at(-1)!.place };
      more = page.hasMore;
    }
    expect(new Set(hits.map(({ ordinal }) => ordinal)).size).toBe(session!.historyLength / 2);
    expect(hits.length).toBe(session!.historyLength / 2);
  });
});

it.each([
  ['a link', (path: string, other: string) => symlinkSync(other, path)],
  ['a folder', (path: string) => mkdirSync(path)],
] as const)('%s in the place of a session file stops no search', async (_, put) => {
  const store = await TestStore.make();
  const repository = await store.open();
  for (const id of ['a', 'b']) await repository.create({ id, messages: [say('fox')] });
  expect(await found(repository, 'fox')).toEqual(['a:0', 'b:0']);
  renameSync(store.sessionFile('a'), store.path('elsewhere'));
  put(store.sessionFile('a'), store.path('elsewhere'));
  const refs = ['a', 'b'].map((sessionId) => ({ sessionId, ordinal: 0 }));
  expect(await repository.snippetsOf({ query: 'fox' }, refs)).toEqual([
    null,
    [{ text: 'fox', isMatch: true }],
  ]);
  expect(await found(repository, 'fox')).toContain('b:0');
});

it('what is not a plain file is not read, nor waited for', async () => {
  const directory = await temporaryDirectory();
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of [pipe, directory, '/dev/zero', join(directory, 'none')])
    expect(new Records(path, 100).messageAt({ ordinal: 0, offset: 0, length: 100 })).toBeNull();
});

it('a line of many long messages is taken in in slices, and decoded once', async () => {
  const store = await TestStore.make();
  const messages = Array.from({ length: 40 }, (_, n) => say(`fox${n} ${'word '.repeat(10_000)}`));
  await store.during(async (repository) => {
    await repository.create({ id: 'a', messages });
    while (!(await repository.search({ query: '', limit: 1 })).isComplete);
    for (const n of [0, 20, 39]) expect(await found(repository, `fox${n}`)).toEqual([`a:${n}`]);
    expect((await repository.search({ query: 'word', limit: 100 })).hits).toHaveLength(40);
  });
});
