import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { say, TestStore } from './store.ts';

const found = async (repository: SessionRepository, query: string) => {
  const { hits, isComplete } = await repository.search({ query, limit: 10, offset: 0 });
  expect(isComplete).toBe(true);
  return hits.map(({ sessionId, ordinal }) => `${sessionId}:${ordinal}`).sort();
};

describe('the search index', () => {
  it.each([
    ['deleted', (path: string) => rmSync(path)],
    ['cut', (path: string) => truncateSync(path, 5_000)],
    ['filled with noise', (path: string) => writeFileSync(path, Buffer.alloc(50_000, 'noise'))],
  ])('is built again when it was %s', async (_, spoil) => {
    const store = await TestStore.make();
    await store.during(async (repository) => {
      await repository.create({ id: 'a', messages: [say('fox'), say('bear'), say('a fox')] });
      expect(await found(repository, 'fox')).toEqual(['a:0', 'a:2']);
    });
    expect(existsSync(store.path('search.db'))).toBe(true);
    for (const suffix of ['-wal', '-shm']) rmSync(store.path(`search.db${suffix}`), { force: true });
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
      while (Date.now() < end) await repository.search({ query: 'fox', limit: 1, offset: 0 });
    };
    await Promise.all([...ids.map(write), search()]);
    const warnings = store.said.filter(({ level }) => level === 'warn' || level === 'error');
    expect(warnings).toEqual([]);
    const [session] = await repository.findMany(['client-0']);
    const hits = [];
    for (let more = true; more; ) {
      const page = await repository.search({
        query: 'fox',
        within: 'client-0',
        limit: 1_000,
        offset: hits.length,
      });
      expect(page.isComplete).toBe(true);
      hits.push(...page.hits);
      more = page.hasMore;
    }
    expect(new Set(hits.map(({ ordinal }) => ordinal)).size).toBe(session!.historyLength / 2);
    expect(hits.length).toBe(session!.historyLength / 2);
  });
});
