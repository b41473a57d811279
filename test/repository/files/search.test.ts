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
});
