import { beforeEach, describe, expect, it } from 'vitest';
import { type MessageRef, messageId } from '../../../src/model/id.ts';
import { markedText } from '../../../src/model/search/snippet.ts';
import { DeadlineExceededError, type ReadOptions } from '../../../src/repository/read-options.ts';
import {
  type SearchPage,
  type SearchRequest,
  type SnippetRequest,
  UnknownKeyError,
} from '../../../src/repository/reads.ts';
import { completePage, conversation, MUCH, type OpenStore, RETURNS, say, WHOLE } from './store.ts';

export function describeSearch(store: OpenStore): void {
  const search = async (query: string, request: Partial<SearchRequest> = {}) => {
    const page = await completePage(() => store.repository.search({ query, limit: 100, ...request }));
    return page.hits.map(messageId);
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
      '→',
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
      await store.repository.move({ sessionId: 'x', parentId: 'b' });
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

    it('gives the best first', async () => {
      await write({
        a: Array.from({ length: 30 }, (_, n) => `fox ${'and more words '.repeat(n)}`),
        best: ['fox fox fox'],
      });
      expect((await search('fox')).slice(0, 4)).toEqual(['best:0', 'a:0', 'a:1', 'a:2']);
    });

    it('gives the newest first of those of one session that are as good, also where it is narrowed', async () => {
      const equals = ['USER', 'ASSISTANT', 'USER'] as const;
      await store.create({ id: 'a', messages: equals.map((role) => say('a fox', { role })) });
      await store.create({ id: 'b', messages: [say('a fox')] });
      const ofA = (ids: string[]) => ids.filter((id) => id !== 'b:0');
      expect(ofA(await search('fox'))).toEqual(['a:2', 'a:1', 'a:0']);
      expect(ofA(await search('fox', { roles: ['USER'] }))).toEqual(['a:2', 'a:0']);
      expect(await search('fox', { roles: ['USER'], within: 'a' })).toEqual(['a:2', 'a:0']);
    });

    it('finds a message once its mutation is answered, and not once it is gone', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      for (let n = 0; n < 20; n += 1) {
        await repository.append({ sessionId: 'a', messages: [say(`word${n} fox`)] });
        expect(await found(`word${n}`)).toEqual([`a:${n}`]);
      }
      await repository.truncate({ sessionId: 'a', keep: 2 }, MUCH);
      expect(await found('fox')).toEqual(['a:0', 'a:1']);
      await repository.append({ sessionId: 'a', messages: [say('a new fox')] });
      expect(await found('fox')).toEqual(['a:0', 'a:1', 'a:20']);
      await repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      expect(await found('fox')).toEqual(['a:0', 'a:1', 'a:20', 'f:0', 'f:1', 'f:2']);
      await repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      expect(await found('fox')).toEqual(['f:0', 'f:1', 'f:2']);
    });

    it('counts no message that one of several rollbacks in a row has dropped', async () => {
      const { repository } = store;
      const counted = async (query: string) => (await repository.search({ query, limit: 100 })).totalCount;
      await write({ a: ['fox zero', 'fox one', 'fox two', 'fox three', 'fox four'] });
      await repository.truncate({ sessionId: 'a', keep: 4 }, MUCH);
      expect(await counted('fox')).toBe(4);
      await repository.truncate({ sessionId: 'a', keep: 3 }, MUCH);
      expect(await counted('fox')).toBe(3);
      expect(await counted('three')).toBe(0);
      for (const left of [2, 1, 0]) {
        await repository.writeHistory({ sessionId: 'a', dropLast: 1 }, WHOLE);
        expect(await counted('fox')).toBe(left);
      }
      await repository.append({ sessionId: 'a', messages: [say('fox five')] });
      expect(await found('fox')).toEqual(['a:5']);
      expect(await counted('fox')).toBe(1);
    });

    it.each(RETURNS)('goes on where a page ended after the store was %s', async (how) => {
      await write({ a: Array.from({ length: 9 }, (_, n) => `fox ${'word '.repeat(n)}`) });
      const first = await pageOf('fox');
      await store.comeBack(how);
      expect(await restOf('fox', first)).toEqual(['a:3', 'a:4', 'a:5', 'a:6', 'a:7', 'a:8']);
    });

    it.each(RETURNS)('finds the same after the store was %s', async (how) => {
      await write({ a: ['fox one', 'two'], b: ['fox three'] });
      await store.repository.append({ sessionId: 'a', messages: conversation(3) });
      await store.repository.append({ sessionId: 'a', messages: [say('fox four')] });
      await store.repository.truncate({ sessionId: 'a', keep: 5 }, MUCH);
      await store.repository.delete({ sessionId: 'b', mode: 'RESTRICT' });
      const before = await search('fox');
      await store.comeBack(how);
      expect(await search('fox')).toEqual(before);
      expect(before).toEqual(['a:0']);
      expect((await store.repository.search({ query: 'fox', limit: 1 })).isComplete).toBe(true);
    });
  });

  const LIMIT = 3;
  const pageOf = (query: string, request: Partial<SearchRequest> = {}) =>
    completePage(() => store.repository.search({ query, limit: LIMIT, ...request }));

  /** All hits after `page`. No page except the last may be short. */
  async function restOf(query: string, page: SearchPage, request: Partial<SearchRequest> = {}) {
    const rest: string[] = [];
    for (let last = page; last.hasMore; ) {
      expect(last.hits).toHaveLength(LIMIT);
      const after = { ranking: last.ranking, place: last.hits.at(-1)!.place };
      last = await pageOf(query, { ...request, after });
      expect(last.hits).not.toEqual([]);
      rest.push(...last.hits.map(messageId));
    }
    return rest;
  }

  describe('the pages of a search', () => {
    const foxes = (count: number) => Array.from({ length: count }, (_, n) => say(`fox ${'word '.repeat(n)}`));

    it('give each message of the first ranking once while others write', async () => {
      await store.create({ id: 'a', messages: foxes(40) });
      const all = await search('fox');
      const first = await pageOf('fox');
      const seen = first.hits.map(messageId);
      for (let last = first; last.hasMore; ) {
        // Scores change: the word gets more frequent, messages get longer, and the new ones are more relevant.
        await store.create({ messages: [...foxes(3), say('fox fox fox'), say('long '.repeat(500))] });
        last = await pageOf('fox', { after: { ranking: last.ranking, place: last.hits.at(-1)!.place } });
        seen.push(...last.hits.map(messageId));
      }
      expect(seen).toEqual(all);
    });

    it('pass over what is deleted, rolled back or moved away', async () => {
      const { repository } = store;
      await store.create({ id: 'top' });
      for (const id of ['a', 'b', 'c', 'd']) await store.create({ id, parentId: 'top', messages: foxes(5) });
      const within = { within: 'top' };
      const all = await search('fox', within);
      const first = await pageOf('fox', within);
      await repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      await repository.truncate({ sessionId: 'b', keep: 2 }, MUCH);
      await repository.move({ sessionId: 'c', parentId: null });
      await repository.archive({ sessionId: 'd', archived: true, subtree: true });
      const left = all.slice(LIMIT).filter((id) => /^(b:[01]|d:.)$/.test(id));
      expect(left.length).toBeGreaterThan(LIMIT);
      expect(await restOf('fox', first, within)).toEqual(left);
    });

    it('end where all that was left is gone', async () => {
      await store.create({ id: 'a', messages: foxes(LIMIT).map(() => say('fox')) });
      await store.create({ id: 'z', messages: foxes(20).map(({ content }) => say(`${content} and more`)) });
      const first = await pageOf('fox');
      expect(first.hasMore).toBe(true);
      await store.repository.delete({ sessionId: 'z', mode: 'RESTRICT' });
      const after = { ranking: first.ranking, place: first.hits.at(-1)!.place };
      expect(await pageOf('fox', { after })).toMatchObject({ hits: [], hasMore: false });
    });

    it('give the rest where the session of the first page is gone', async () => {
      await store.create({ id: 'first', messages: foxes(LIMIT).map(() => say('fox')) });
      await store.create({
        id: 'rest',
        messages: foxes(17).map(({ content }) => say(`${content} and more`)),
      });
      const first = await pageOf('fox');
      expect(first.hits.map(({ sessionId }) => sessionId)).toEqual(['first', 'first', 'first']);
      await store.repository.delete({ sessionId: 'first', mode: 'RESTRICT' });
      expect(await restOf('fox', first)).toHaveLength(17);
    });

    it('go on in a ranking that was forgotten only while the search would find the same', async () => {
      await store.create({ id: 'a', messages: foxes(5) });
      const { hits } = await pageOf('fox');
      const after = { ranking: 'forgotten', place: hits.at(-1)!.place };
      await expect(pageOf('fox', { after })).rejects.toThrow(UnknownKeyError);
    });
  });

  describe('a search and its snippets', () => {
    const FOXES = 500;
    const refs = [{ sessionId: 'a', ordinal: 0 }];
    const searches = {
      word: (options: ReadOptions) => store.repository.search({ query: 'fox', limit: 1 }, options),
      prefix: (options: ReadOptions) => store.repository.search({ query: 'f*', limit: 1 }, options),
      role: (options: ReadOptions) =>
        store.repository.search({ query: 'fox', roles: ['TOOL'], limit: 1 }, options),
    };
    const snippets = (options: ReadOptions) => store.repository.snippetsOf({ query: 'fox' }, refs, options);

    beforeEach(async () => {
      await store.create({ id: 'a', messages: Array.from({ length: FOXES }, () => say('a fox')) });
      await search('fox');
    });

    it('reject once they are over', async () => {
      const reason = new Error('nobody waits');
      for (const search of [...Object.values(searches), snippets]) {
        await expect(search({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
        await expect(search({ deadline: performance.now() - 1 })).rejects.toThrow(DeadlineExceededError);
        const leaving = new AbortController();
        const left = search({ signal: leaving.signal });
        leaving.abort(reason);
        await expect(left).rejects.toBe(reason);
        await search({ signal: new AbortController().signal, deadline: performance.now() + 3_600_000 });
      }
    });

    it('charge for the messages that they look at, and end with the error of the one who charges', async () => {
      const refusal = new Error('too many');
      for (const search of Object.values(searches)) {
        let walked = 0;
        await search({
          onWalk: (rows) => {
            walked += rows;
          },
        });
        expect(walked).toBeGreaterThanOrEqual(FOXES);
        const onWalk = () => {
          throw refusal;
        };
        await expect(search({ onWalk })).rejects.toBe(refusal);
      }
      expect(await found('fox', { limit: FOXES })).toHaveLength(FOXES);
    });

    it('charge for the bytes of files that are read', async () => {
      const read: number[] = [];
      await snippets({ onRead: (bytes) => read.push(bytes) });
      expect(read.length).toBeGreaterThan(0);
    });
  });

  describe('snippets', () => {
    const snippetsOf = async (request: SnippetRequest, refs: readonly MessageRef[]) => {
      const snippets = await store.repository.snippetsOf(request, refs);
      return snippets.map((parts) => parts && markedText(parts));
    };

    it('are of the messages that are there and match', async () => {
      await write({
        a: ['The quick FOX', 'a bear'],
        b: [`${'before '.repeat(90_000)}fox${' after'.repeat(90_000)}`],
      });
      const refs = [
        { sessionId: 'b', ordinal: 0 },
        { sessionId: 'a', ordinal: 1 },
        { sessionId: 'a', ordinal: 0 },
        { sessionId: 'none', ordinal: 0 },
        { sessionId: 'a', ordinal: 7 },
      ];
      const [long, ...others] = await snippetsOf({ query: 'fox' }, refs);
      expect(long).toMatch(/^…(before )+<<fox>>( after)+…$/);
      expect(long!.length).toBeLessThan(160);
      expect(others).toEqual([null, 'The quick <<FOX>>', null, null]);
      expect(await store.repository.snippetsOf({ query: 'fox' }, [])).toEqual([]);
    });

    it('are of whatever a search finds', async () => {
      const contents = [
        '⑺ beside',
        'parseQuery',
        'x\u00ady',
        'e\u0301te\u0301 été',
        '数据库',
        'İstanbul',
        'مُحَمَّد',
        '👍🏽',
      ];
      await write({ a: contents });
      for (const query of ['7', 'query', 'xy', 'ete', '据', 'istanbul', 'محمد', '👍']) {
        const { hits } = await store.repository.search({ query, limit: 10 });
        expect(hits).toHaveLength(1);
        expect(await snippetsOf({ query }, hits)).toEqual([expect.stringMatching(/<<.+>>/)]);
      }
    });
  });
}
