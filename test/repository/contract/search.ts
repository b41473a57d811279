import { describe, expect, it } from 'vitest';
import type { SearchRequest } from '../../../src/repository/repository.ts';
import { conversation, MUCH, type OpenStore, RETURNS, say } from './store.ts';

export function describeSearch(store: OpenStore): void {
  const search = async (query: string, request: Partial<SearchRequest> = {}) => {
    const page = await store.repository.search({ query, limit: 100, offset: 0, ...request });
    return page.hits.map(({ sessionId, ordinal }) => `${sessionId}:${ordinal}`);
  };
  const found = async (query: string, request: Partial<SearchRequest> = {}) =>
    (await search(query, request)).sort();

  async function write(texts: Record<string, string[]>) {
    for (const [id, contents] of Object.entries(texts))
      await store.create({ id, messages: contents.map((content) => say(content)) });
  }

  describe('a search', () => {
    it('finds all words, in any order and case, with or without accents', async () => {
      await write({ a: ['The quick brown fox', 'a Crème brûlée, quickly'], b: ['brown bread', 'fox'] });
      expect(await found('BROWN quick')).toEqual(['a:0']);
      expect(await found('brown')).toEqual(['a:0', 'b:0']);
      expect(await found('creme BRULEE')).toEqual(['a:1']);
      expect(await found('crème')).toEqual(['a:1']);
      expect(await found('nothing')).toEqual([]);
    });

    it('finds phrases and prefixes', async () => {
      await write({ a: ['deploy the database server', 'the server of the database', 'databases'] });
      expect(await found('"database server"')).toEqual(['a:0']);
      expect(await found('"the data*')).toEqual([]);
      expect(await found('databas*')).toEqual(['a:0', 'a:1', 'a:2']);
      expect(await found('"the data"*')).toEqual(['a:0', 'a:1']);
      expect(await found('data')).toEqual([]);
      expect(await found('database-server')).toEqual(['a:0']);
    });

    it('finds any part of a sentence in Chinese, Japanese, Korean and Thai', async () => {
      await write({
        a: ['请帮我分析这份数据报告', '東京タワーに行きました', '데이터베이스를 고쳐 주세요', 'ฉันรักภาษาไทย'],
        b: ['数 据', 'postgres数据库的问题'],
      });
      expect(await found('数据')).toEqual(['a:0', 'b:0', 'b:1']);
      expect(await found('数据库')).toEqual(['b:1']);
      expect(await found('postgres数据')).toEqual(['b:1']);
      expect(await found('分析 报告')).toEqual(['a:0']);
      expect(await found('タワー')).toEqual(['a:1']);
      expect(await found('베이스')).toEqual(['a:2']);
      expect(await found('ภาษา')).toEqual(['a:3']);
      expect(await found('据数')).toEqual([]);
    });

    it.each([
      '',
      '   ',
      '"',
      '""',
      '*',
      '(((',
      'AND',
      'NOT fox',
      'a OR b',
      'x:y',
      '{body} : fox',
      "'; DROP",
      '^-+~',
      '😀',
      '\0',
    ])('takes %j as words or as nothing, never as an error', async (query) => {
      await write({ a: ['fox'] });
      expect(await found(query)).toEqual([]);
    });

    it('is narrowed to a subtree, as it is now, and to roles', async () => {
      await store.chain('a', 'b', 'c');
      await store.create({ id: 'x', messages: [say('fox')] });
      for (const [n, role] of (['SYSTEM', 'USER', 'ASSISTANT', 'TOOL'] as const).entries())
        await store.repository.append({ sessionId: n % 2 ? 'c' : 'a', messages: [say('a fox', { role })] });
      expect(await found('fox', { within: 'b' })).toEqual(['c:0', 'c:1']);
      expect(await found('fox', { within: 'a' })).toEqual(['a:0', 'a:1', 'c:0', 'c:1']);
      expect(await found('fox', { within: 'none' })).toEqual([]);
      expect(await found('fox', { roles: ['TOOL', 'SYSTEM'] })).toEqual(['a:0', 'c:1']);
      expect(await found('fox', { roles: [] })).toEqual([]);
      await store.repository.move({ id: 'x', parentId: 'b' });
      expect(await found('fox', { within: 'b' })).toEqual(['c:0', 'c:1', 'x:0']);
    });

    it('is narrowed to a large subtree too', async () => {
      await store.create({ id: 'top' });
      await Promise.all(
        Array.from({ length: 400 }, (_, n) =>
          store.create({ id: `s${n}`, parentId: 'top', messages: n % 100 ? [] : [say('fox')] }),
        ),
      );
      await write({ other: ['fox'] });
      expect(await found('fox', { within: 'top' })).toEqual(['s0:0', 's100:0', 's200:0', 's300:0']);
    });

    it('gives the best first, in pages that fit together', async () => {
      await write({
        a: Array.from({ length: 30 }, (_, n) => `fox ${'and more words '.repeat(n)}`),
        best: ['fox fox fox'],
      });
      const all = await search('fox');
      expect(all[0]).toBe('best:0');
      expect(all.slice(1, 4)).toEqual(['a:0', 'a:1', 'a:2']);
      const paged: string[] = [];
      let through: number | undefined;
      for (let offset = 0; ; offset += 7) {
        const page = await store.repository.search({
          query: 'fox',
          limit: 7,
          offset,
          through: through ?? null,
        });
        through ??= page.through;
        paged.push(...page.hits.map(({ sessionId, ordinal }) => `${sessionId}:${ordinal}`));
        await store.create({ messages: [say('fox fox fox fox')] });
        if (!page.hasMore) break;
      }
      expect(paged.sort()).toEqual(all.sort());
    });

    it('gives the newest first of those that are as good, also where it is narrowed', async () => {
      const equals = ['USER', 'ASSISTANT', 'USER'] as const;
      await store.create({ id: 'a', messages: equals.map((role) => say('a fox', { role })) });
      await store.create({ id: 'b', messages: [say('a fox')] });
      expect(await search('fox')).toEqual(['b:0', 'a:2', 'a:1', 'a:0']);
      expect(await search('fox', { roles: ['USER'] })).toEqual(['b:0', 'a:2', 'a:0']);
      expect(await search('fox', { roles: ['USER'], within: 'a' })).toEqual(['a:2', 'a:0']);
      expect(await search('fox', { limit: 2, offset: 1 })).toEqual(['a:2', 'a:1']);
    });

    it('finds a message once its mutation is answered, and not once it is gone', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      for (let n = 0; n < 20; n += 1) {
        await repository.append({ sessionId: 'a', messages: [say(`word${n} fox`)] });
        expect(await found(`word${n}`)).toEqual([`a:${n}`]);
      }
      await repository.truncate({ sessionId: 'a', length: 2, dryRun: false }, MUCH);
      expect(await found('fox')).toEqual(['a:0', 'a:1']);
      await repository.append({ sessionId: 'a', messages: [say('a new fox')] });
      expect(await found('fox')).toEqual(['a:0', 'a:1', 'a:20']);
      await repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      expect(await found('fox')).toEqual(['a:0', 'a:1', 'a:20', 'f:0', 'f:1', 'f:2']);
      await repository.delete({ id: 'a', mode: 'RESTRICT', dryRun: false });
      expect(await found('fox')).toEqual(['f:0', 'f:1', 'f:2']);
    });

    it.each(RETURNS)('finds the same after the store was %s', async (how) => {
      await write({ a: ['fox one', 'two'], b: ['fox three'] });
      await store.repository.append({ sessionId: 'a', messages: conversation(3) });
      await store.repository.append({ sessionId: 'a', messages: [say('fox four')] });
      await store.repository.truncate({ sessionId: 'a', length: 5, dryRun: false }, MUCH);
      await store.repository.delete({ id: 'b', mode: 'RESTRICT', dryRun: false });
      const before = await search('fox');
      await store.comeBack(how);
      expect(await search('fox')).toEqual(before);
      expect(before).toEqual(['a:0']);
      expect((await store.repository.search({ query: 'fox', limit: 1, offset: 0 })).isComplete).toBe(true);
    });
  });
}
