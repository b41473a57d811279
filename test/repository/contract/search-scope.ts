import { beforeEach, describe, expect, it } from 'vitest';
import { type MessageRef, messageId } from '../../../src/model/id.ts';
import type { SearchField } from '../../../src/model/search/fields.ts';
import { markedText } from '../../../src/model/search/snippet.ts';
import type { SessionFilter } from '../../../src/model/session.ts';
import type { SearchRequest } from '../../../src/repository/reads.ts';
import { completePage, MUCH, type OpenStore, RETURNS, say } from './store.ts';

/** Where a search looks: which fields, which sessions, and whether at copies. */
export function describeSearchScope(store: OpenStore): void {
  const search = async (query: string, request: Partial<SearchRequest> = {}) => {
    const page = await completePage(() => store.repository.search({ query, limit: 100, ...request }));
    expect(page.isComplete).toBe(true);
    return page.hits.map(messageId);
  };
  const found = async (query: string, request: Partial<SearchRequest> = {}) =>
    (await search(query, request)).sort();

  describe('a search in fields', () => {
    const ALL: readonly SearchField[] = ['CONTENT', 'REASONING', 'TOOL_CALLS'];
    const readFile = { toolCallId: '1', name: 'read_file', arguments: { path: 'otter/den.ts', line: 7 } };

    beforeEach(() =>
      store.create({
        id: 'a',
        messages: [
          say('a fox'),
          say('a wolf', { role: 'ASSISTANT', reasoning: 'the fox, perhaps' }),
          say('', { role: 'ASSISTANT', toolCalls: [readFile, { toolCallId: '2', name: 'fox' }] }),
          say('a fox', { role: 'ASSISTANT', reasoning: 'a bear', toolCalls: [readFile] }),
        ],
      }),
    );

    const expected: [query: string, fields: readonly SearchField[] | undefined, ids: string[]][] = [
      ['fox', undefined, ['a:0', 'a:3']],
      ['fox', ['CONTENT'], ['a:0', 'a:3']],
      ['fox', ['REASONING'], ['a:1']],
      ['fox', ['TOOL_CALLS'], ['a:2']],
      ['fox', ['REASONING', 'TOOL_CALLS'], ['a:1', 'a:2']],
      ['fox', ['TOOL_CALLS', 'CONTENT', 'CONTENT'], ['a:0', 'a:2', 'a:3']],
      ['fox', ALL, ['a:0', 'a:1', 'a:2', 'a:3']],
      ['fox', [], []],
      ['fo*', ['REASONING'], ['a:1']],
      ['fo*', ALL, ['a:0', 'a:1', 'a:2', 'a:3']],
      ['file otter', ['TOOL_CALLS'], ['a:2', 'a:3']],
      ['"otter den"', ['TOOL_CALLS'], ['a:2', 'a:3']],
      ['path', ALL, []],
      ['read', ['CONTENT', 'REASONING'], []],
    ];

    it('finds what is in them, and by default what is in the content', async () => {
      for (const [query, fields, ids] of expected)
        expect([query, fields, await found(query, fields && { fields })]).toEqual([query, fields, ids]);
    });

    it('finds each word in one of the fields, and a phrase within one', async () => {
      expect(await found('wolf fox', { fields: ['CONTENT', 'REASONING'] })).toEqual(['a:1']);
      expect(await found('fox bear otter', { fields: ALL })).toEqual(['a:3']);
      expect(await found('fox bear otter', { fields: ['CONTENT', 'REASONING'] })).toEqual([]);
      expect(await found('"fox a bear"', { fields: ALL })).toEqual([]);
    });

    it('is narrowed to roles and to sessions', async () => {
      const messages = [say('a fox', { role: 'ASSISTANT', reasoning: 'a fox' })];
      await store.create({ id: 'b', messages });
      expect(await found('fox', { fields: ALL, within: 'b' })).toEqual(['b:0']);
      expect(await found('fox', { fields: ALL, within: 'a', roles: ['USER'] })).toEqual(['a:0']);
      expect(await found('fox', { fields: ['REASONING'], roles: ['USER'] })).toEqual([]);
    });

    it.each(RETURNS)('finds the same after the store was %s', async (how) => {
      await store.repository.append({ sessionId: 'a', messages: [say('', { reasoning: 'a late fox' })] });
      const before = await search('fox', { fields: ALL });
      expect(before).toHaveLength(5);
      await store.comeBack(how);
      expect(await search('fox', { fields: ALL })).toEqual(before);
    });

    it('finds nothing that was rolled back or deleted', async () => {
      await store.create({ id: 'b', messages: [say('', { reasoning: 'a fox' })] });
      await store.repository.truncate({ sessionId: 'a', keep: 2 }, MUCH);
      expect(await found('fox', { fields: ALL })).toEqual(['a:0', 'a:1', 'b:0']);
      await store.repository.delete({ sessionId: 'b', mode: 'RESTRICT' });
      expect(await found('fox', { fields: ALL })).toEqual(['a:0', 'a:1']);
      await store.repository.append({ sessionId: 'a', messages: [say('', { reasoning: 'another fox' })] });
      expect(await found('fox', { fields: ['REASONING'] })).toEqual(['a:1', 'a:4']);
    });

    it('has snippets of the first field with a match', async () => {
      const refs: MessageRef[] = [0, 1, 2, 3].map((ordinal) => ({ sessionId: 'a', ordinal }));
      const snippets = async (query: string, fields?: readonly SearchField[]) => {
        const parts = await store.repository.snippetsOf({ query, ...(fields && { fields }) }, refs);
        return parts.map((some) => some && markedText(some));
      };
      expect(await snippets('fox')).toEqual(['a <<fox>>', null, null, 'a <<fox>>']);
      expect(await snippets('fox', ['REASONING'])).toEqual([null, 'the <<fox>>, perhaps', null, null]);
      expect(await snippets('bear file', ALL)).toEqual([
        null,
        null,
        'read_<<file>>\notter/den.ts\nfox',
        'a <<bear>>',
      ]);
    });
  });

  describe('an EVENT', () => {
    beforeEach(() =>
      store.create({
        id: 'a',
        messages: [
          say('a fox', { role: 'EVENT', kind: 'hook', reasoning: 'a bear' }),
          say('a fox', { reasoning: 'a bear' }),
        ],
      }),
    );

    it('is found only if its role is named', async () => {
      expect(await found('fox')).toEqual(['a:1']);
      expect(await found('fox', { roles: ['EVENT'] })).toEqual(['a:0']);
      expect(await found('fox', { roles: ['USER', 'EVENT'] })).toEqual(['a:0', 'a:1']);
      expect(await found('fox', { roles: ['USER'] })).toEqual(['a:1']);
    });

    it('is found in other fields in the same way', async () => {
      expect(await found('bear', { fields: ['REASONING'] })).toEqual(['a:1']);
      expect(await found('bear', { fields: ['REASONING'], roles: ['EVENT'] })).toEqual(['a:0']);
      expect(await found('bear fox', { fields: ['CONTENT', 'REASONING'] })).toEqual(['a:1']);
      const roles = ['EVENT', 'USER'] as const;
      expect(await found('bear fox', { fields: ['CONTENT', 'REASONING'], roles })).toEqual(['a:0', 'a:1']);
    });
  });

  describe('a search within a session', () => {
    it('looks at its descendants unless it is told not to', async () => {
      await store.chain('a', 'b');
      for (const sessionId of ['a', 'b'])
        await store.repository.append({ sessionId, messages: [say('fox')] });
      expect(await found('fox', { within: 'a' })).toEqual(['a:0', 'b:0']);
      expect(await found('fox', { within: 'a', subtree: false })).toEqual(['a:0']);
      expect(await found('fox', { within: 'none', subtree: false })).toEqual([]);
    });
  });

  describe('a search with a filter', () => {
    const metadata = { team: 'red', size: 3 };

    beforeEach(async () => {
      const messages = [say('fox')];
      await store.create({ id: 'a', userId: 'ann', messages, metadata });
      await store.create({ id: 'b', userId: 'ann', messages, parentId: 'a' });
      await store.create({ id: 'c', userId: 'bob', messages });
      await store.create({ id: 'd', userId: 'bob', metadata });
      await store.repository.archive({ sessionId: 'b', archived: true, subtree: false });
    });

    const expected: [filter: SessionFilter, ids: string[]][] = [
      [{}, ['a:0', 'b:0', 'c:0']],
      [{ userId: 'ann' }, ['a:0', 'b:0']],
      [{ userId: 'ann', archived: 'EXCLUDE' }, ['a:0']],
      [{ archived: 'EXCLUDE' }, ['a:0', 'c:0']],
      [{ archived: 'ONLY' }, ['b:0']],
      [{ archived: 'INCLUDE' }, ['a:0', 'b:0', 'c:0']],
      [{ metadata: { team: 'red' } }, ['a:0']],
      [{ rootsOnly: true }, ['a:0', 'c:0']],
      [{ rootId: 'a' }, ['a:0', 'b:0']],
      [{ parentId: 'a' }, ['b:0']],
      [{ createdBefore: new Date(0) }, []],
    ];

    it('finds what is in the sessions that match, archived or not', async () => {
      for (const [filter, ids] of expected)
        expect([filter, await found('fox', { filter })]).toEqual([filter, ids]);
    });

    it('is narrowed by all that it names', async () => {
      const filter = { userId: 'ann' };
      expect(await found('fox', { filter, within: 'c' })).toEqual([]);
      expect(await found('fox', { filter, within: 'a', subtree: false })).toEqual(['a:0']);
      expect(await found('fox', { filter, roles: ['TOOL'] })).toEqual([]);
      expect(await found('fo*', { filter })).toEqual(['a:0', 'b:0']);
    });

    it('sees the sessions as they are after every mutation that was answered', async () => {
      const filter = { metadata: { turn: 'now' } };
      for (const id of ['a', 'c']) {
        await store.repository.update({ sessionId: id, metadata: { turn: 'now' } });
        expect(await found('fox', { filter })).toContain(`${id}:0`);
        await store.repository.update({ sessionId: id, metadata: { turn: null } });
        expect(await found('fox', { filter })).toEqual([]);
      }
    });

    it('keeps on later pages what matched at the first', async () => {
      const ofAnn = { query: 'fox', filter: { userId: 'ann' }, limit: 1 };
      const first = await completePage(() => store.repository.search(ofAnn));
      await store.repository.archive({ sessionId: 'a', archived: true, subtree: true });
      const after = { ranking: first.ranking, place: 1 };
      const rest = await search('fox', { filter: { userId: 'ann' }, after });
      expect([...first.hits.map(messageId), ...rest].sort()).toEqual(['a:0', 'b:0']);
    });

    it('charges for the sessions that are compared, and ends with the error of the one who charges', async () => {
      const request = { query: 'none', filter: { metadata: { team: 'red' } }, limit: 1 };
      let walked = 0;
      const onWalk = (rows: number) => {
        walked += rows;
      };
      await store.repository.search(request, { onWalk });
      expect(walked).toBeGreaterThanOrEqual(2);
      const refusal = new Error('too many');
      const refuse = () => {
        throw refusal;
      };
      await expect(store.repository.search(request, { onWalk: refuse })).rejects.toBe(refusal);
    });
  });

  describe('copies', () => {
    const texts = ['one fox', 'two foxes and a fox', 'three'];

    beforeEach(async () => {
      await store.create({ id: 'a', messages: texts.map((text) => say(text)) });
      await store.repository.fork({ sessionId: 'a', id: 'f', asRoot: true });
      await store.repository.append({ sessionId: 'f', messages: [say('a fox of the fork itself')] });
      await store.create({ id: 'b', messages: [say('one fox', { isCopy: true }), say('one fox')] });
    });

    it('are left out where they are not wanted', async () => {
      expect(await found('fox')).toEqual(['a:0', 'a:1', 'b:0', 'b:1', 'f:0', 'f:1', 'f:3']);
      const includeCopies = false;
      expect(await found('fox', { includeCopies })).toEqual(['a:0', 'a:1', 'b:1', 'f:3']);
      expect(await found('fo*', { includeCopies })).toEqual(['a:0', 'a:1', 'b:1', 'f:3']);
      expect(await found('fox', { includeCopies, within: 'f' })).toEqual(['f:3']);
    });

    it('rank behind their originals and behind equals', async () => {
      const ids = await search('fox');
      const places = (...of: string[]) => of.map((id) => ids.indexOf(id));
      for (const original of places('a:0', 'b:1'))
        for (const copy of places('f:0', 'b:0')) expect(original).toBeLessThan(copy);
      const [original, copy] = places('a:1', 'f:1');
      expect(original).toBeLessThan(copy!);
      // Not behind everything.
      expect(ids.indexOf('f:0')).toBeLessThan(ids.indexOf('f:3'));
    });

    it.each(RETURNS)('are told from their originals after the store was %s', async (how) => {
      const before = await search('fox');
      await store.comeBack(how);
      expect(await search('fox')).toEqual(before);
      expect(await found('fox', { includeCopies: false })).toEqual(['a:0', 'a:1', 'b:1', 'f:3']);
    });

    it('stay copies once their originals are gone', async () => {
      await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      expect(await found('fox')).toEqual(['b:0', 'b:1', 'f:0', 'f:1', 'f:3']);
      expect(await found('fox', { includeCopies: false })).toEqual(['b:1', 'f:3']);
    });
  });

  describe('the total count', () => {
    it('is that of the first page, on all pages', async () => {
      await store.create({ id: 'a', messages: Array.from({ length: 5 }, () => say('fox')) });
      await store.create({ id: 'b', messages: [say('fox'), say('bear')] });
      const first = await store.repository.search({ query: 'fox', limit: 2 });
      expect(first.totalCount).toBe(6);
      await store.repository.delete({ sessionId: 'b', mode: 'RESTRICT' });
      const after = { ranking: first.ranking, place: 2 };
      expect(await store.repository.search({ query: 'fox', limit: 2, after })).toMatchObject({
        totalCount: 6,
      });
      expect(await store.repository.search({ query: 'fox', limit: 2 })).toMatchObject({ totalCount: 5 });
      expect(await store.repository.search({ query: 'none', limit: 2 })).toMatchObject({ totalCount: 0 });
    });

    it('goes to 10,000, of the newest messages', async () => {
      const said = (count: number, text: string) =>
        Array.from({ length: count }, () => say(text, { reasoning: text }));
      await store.create({ id: 'a', messages: [...said(2, 'old fox'), ...said(10_000, 'fox')] });
      const count = async (request: Partial<SearchRequest>) => {
        const wide = { query: 'fox', limit: 1, ...request };
        let page = await store.repository.search(wide);
        while (!page.isComplete) page = await store.repository.search(wide);
        return page.totalCount;
      };
      expect(await count({})).toBe(10_000);
      expect(await count({ fields: ['CONTENT', 'REASONING'] })).toBe(10_000);
      expect(await count({ query: 'old fox' })).toBe(2);
    });
  });
}
