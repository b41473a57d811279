import { describe, expect, it } from 'vitest';
import { newSessionId } from '../../../src/model/id.ts';
import { SHORT_METADATA_BYTES } from '../../../src/model/session.ts';
import { childrenRequests } from '../../support/children.ts';
import { ALL, conversation, idsOf, type OpenStore, PLENTY_OF_BYTES, RETURNS, say } from './store.ts';

export function describeReads(store: OpenStore): void {
  describe('an empty store', () => {
    it('answers every read', async () => {
      const { repository } = store;
      const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
      const none = { items: [], hasMore: false };
      expect(await repository.findMany([])).toEqual([]);
      expect(await repository.findMany(['a'])).toEqual([null]);
      expect(await repository.metadataOf([])).toEqual([]);
      expect(await repository.metadataOf(['a'])).toEqual([null]);
      expect(await repository.damageOf([])).toEqual([]);
      expect(await repository.damageOf(['a'])).toEqual([[]]);
      expect(await repository.childrenOf(childrenRequests([], ALL))).toEqual([]);
      expect(await repository.childrenOf(childrenRequests(['a'], ALL))).toEqual([none]);
      expect(await repository.descendantsOf([], ALL, null)).toEqual([]);
      expect(await repository.descendantsOf(['a'], ALL, null)).toEqual([none]);
      expect(await repository.countDescendants(['a'], null)).toEqual([0]);
      expect(await repository.ancestorsOf([])).toEqual([]);
      expect(await repository.ancestorsOf(['a'])).toEqual([[]]);
      expect(await repository.historyOf([], PLENTY_OF_BYTES)).toEqual([]);
      expect(await repository.historyOf([{ sessionId: 'a', page: ALL }], PLENTY_OF_BYTES)).toEqual([
        { ...none, textBytes: 0 },
      ]);
      expect(await repository.countHistory([{ sessionId: 'a' }])).toEqual([0]);
      expect(await repository.findMessages([], PLENTY_OF_BYTES)).toEqual([]);
      expect(await repository.findMessages([{ sessionId: 'a', ordinal: 0 }], PLENTY_OF_BYTES)).toEqual([
        null,
      ]);
      expect(await repository.list({}, order, ALL)).toEqual(none);
      expect(await repository.count({})).toBe(0);
      expect(await repository.status()).toEqual({ sessionCount: 0, messageCount: 0, quarantined: [] });
    });
  });

  describe('long metadata', () => {
    /** Metadata of so many bytes as JSON, of characters of two bytes each. */
    const metadataOf = (bytes: number) => ({ a: 'ä'.repeat((bytes - '{"a":""}'.length) / 2) });
    const [short, long] = [metadataOf(SHORT_METADATA_BYTES), metadataOf(SHORT_METADATA_BYTES + 2)];

    it.each(['at once', ...RETURNS] as const)('is read by itself alone: %s', async (how) => {
      const { repository } = store;
      const created = await store.create({ id: 'short', metadata: short });
      expect(created).toMatchObject({ metadata: short, metadataBytes: SHORT_METADATA_BYTES });
      expect(await store.create({ id: 'long', parentId: 'short', metadata: long })).toMatchObject({
        metadata: null,
        metadataBytes: SHORT_METADATA_BYTES + 2,
      });
      await store.create({ id: 'grew', parentId: 'short', metadata: short });
      const grown = await repository.update({ sessionId: 'grew', setMetadata: { b: 1 } });
      expect(grown.metadata).toBeNull();
      await repository.append({ sessionId: 'grew', messages: [say('x')] });
      if (how !== 'at once') await store.comeBack(how);
      const texts = await store.repository.metadataOf(['long', 'nobody', 'short', 'grew']);
      expect(texts.map((text) => text && JSON.parse(text))).toEqual([long, null, short, { ...short, b: 1 }]);
      const ids = ['short', 'long', 'grew'];
      const [page] = await store.repository.descendantsOf(['short'], ALL, null);
      for (const sessions of [await store.repository.findMany(ids), [created, ...page!.items]])
        expect(sessions.map((session) => session!.metadata)).toEqual([short, null, null]);
    });

    it('stays through an append, an update of something else and a fork, and an update merges with it', async () => {
      await store.create({ id: 'a', metadata: long });
      await store.comeBack('reopened');
      const { repository } = store;
      await repository.append({ sessionId: 'a', messages: [say('x')] });
      await repository.update({ sessionId: 'a', title: 'b' });
      await repository.fork({ sessionId: 'a', id: 'copy', asRoot: false });
      for (const id of ['a', 'copy']) expect(await store.metadataOf(id)).toEqual(long);
      await repository.update({ sessionId: 'a', metadata: { more: 1 } });
      expect(await store.metadataOf('a')).toEqual({ ...long, more: 1 });
    });

    it('goes once it is short again, and with its session', async () => {
      const { repository } = store;
      await store.create({ id: 'a', metadata: long });
      const session = await repository.update({ sessionId: 'a', metadata: { a: null, b: 1 } });
      expect(session.metadata).toEqual({ b: 1 });
      expect(await store.metadataOf('a')).toEqual({ b: 1 });
      await repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      expect(await repository.metadataOf(['a'])).toEqual([null]);
    });
  });

  describe('a batch', () => {
    it('answers in the order of its keys, with what is asked for twice, and null or empty where there is none', async () => {
      const { repository } = store;
      await store.chain('root', 'child', 'grandchild');
      await repository.append({ sessionId: 'child', messages: conversation(2) });
      const keys = ['grandchild', 'missing', 'root', 'child', 'root'];

      expect(idsOf(await repository.findMany(keys))).toEqual(['grandchild', null, 'root', 'child', 'root']);
      const children = await repository.childrenOf(childrenRequests(keys, ALL));
      expect(children.map((page) => idsOf(page.items))).toEqual([
        [],
        [],
        ['child'],
        ['grandchild'],
        ['child'],
      ]);
      const descendants = await repository.descendantsOf(keys, ALL, null);
      const both = ['child', 'grandchild'];
      expect(descendants.map((page) => idsOf(page.items))).toEqual([[], [], both, ['grandchild'], both]);
      expect(await repository.countDescendants(keys, null)).toEqual([0, 0, 2, 1, 2]);
      const ancestors = await repository.ancestorsOf(keys);
      expect(ancestors.map(idsOf)).toEqual([['root', 'child'], [], [], ['root'], []]);
      const requests = [...keys, 'child'].map((sessionId) => ({ sessionId, page: ALL }));
      const histories = await repository.historyOf(requests, PLENTY_OF_BYTES);
      expect(histories.map((page) => page.items.map((message) => message.content))).toEqual([
        [],
        [],
        [],
        ['0', '1'],
        [],
        ['0', '1'],
      ]);
      expect(await repository.countHistory(requests)).toEqual([0, 0, 0, 2, 0, 2]);
    });

    it('may have thousands of keys', async () => {
      const { repository } = store;
      await store.chain('root', 'child');
      const keys = [...Array.from({ length: 20_000 }, newSessionId), 'child', 'root'];
      expect(idsOf(await repository.findMany(keys)).slice(-3)).toEqual([null, 'child', 'root']);
      const children = await repository.childrenOf(childrenRequests(keys, ALL));
      expect(children.length).toBe(keys.length);
      expect(idsOf(children.at(-1)!.items)).toEqual(['child']);
      expect((await repository.ancestorsOf(keys)).slice(-2).map(idsOf)).toEqual([['root'], []]);
      expect((await repository.countDescendants(keys, null)).slice(-3)).toEqual([0, 0, 1]);
      const requests = keys.map((sessionId) => ({ sessionId, page: ALL }));
      expect((await repository.historyOf(requests, PLENTY_OF_BYTES)).length).toBe(keys.length);
      expect((await repository.countHistory(requests)).length).toBe(keys.length);
      const refs = keys.map((sessionId) => ({ sessionId, ordinal: 0 }));
      expect((await repository.findMessages(refs, PLENTY_OF_BYTES)).length).toBe(keys.length);
    });

    it('tells ids apart that differ only in case', async () => {
      await store.create({ id: 'Planner', title: 'upper' });
      await store.create({ id: 'planner', title: 'lower' });
      await store.create({ id: 'child', parentId: 'Planner' });
      const found = await store.repository.findMany(['planner', 'Planner', 'PLANNER']);
      expect(found.map((session) => session?.title)).toEqual(['lower', 'upper', undefined]);
      const children = await store.repository.childrenOf(childrenRequests(['planner', 'Planner'], ALL));
      expect(children.map((page) => page.items.length)).toEqual([0, 1]);
    });

    it('finds a session by an id that only looks like something else', async () => {
      const ids = [
        'null',
        '__proto__0',
        'constructor',
        'con',
        'nul.txt',
        'a.',
        'a..b',
        '1e3',
        '007',
        'X'.repeat(128),
      ];
      const usable = ids.filter((id) => !id.startsWith('_'));
      for (const id of usable) await store.create({ id, messages: [say(id)] });
      expect(idsOf(await store.repository.findMany(usable))).toEqual(usable);
      const histories = await store.repository.historyOf(
        usable.map((sessionId) => ({ sessionId, page: ALL })),
        PLENTY_OF_BYTES,
      );
      expect(histories.map((page) => page.items[0]?.content)).toEqual(usable);
    });
  });

  describe('ancestors', () => {
    it('come root first, parent last', async () => {
      await store.chain('a', 'b', 'c', 'd');
      const [ancestors] = await store.repository.ancestorsOf(['d']);
      expect(ancestors!.map(({ id, depth, rootId }) => ({ id, depth, rootId }))).toEqual([
        { id: 'a', depth: 0, rootId: 'a' },
        { id: 'b', depth: 1, rootId: 'a' },
        { id: 'c', depth: 2, rootId: 'a' },
      ]);
    });

    it('of a session 300 levels deep are all there', async () => {
      const ids = Array.from({ length: 301 }, (_, level) => `level-${level}`);
      await store.chain(...ids);
      const [ancestors] = await store.repository.ancestorsOf(['level-300']);
      expect(idsOf(ancestors!)).toEqual(ids.slice(0, -1));
      expect(await store.find('level-300')).toMatchObject({ depth: 300, rootId: 'level-0' });
      const [descendants] = await store.repository.descendantsOf(['level-0'], ALL, null);
      expect(idsOf(descendants!.items)).toEqual(ids.slice(1));
    });
  });

  describe('the status of the store', () => {
    it('counts sessions and the messages of users', async () => {
      await store.chain('a', 'b');
      await store.create({ id: 'c', messages: conversation(4) });
      await store.repository.append({ sessionId: 'b', messages: conversation(7) });
      expect(await store.repository.status()).toEqual({ sessionCount: 3, messageCount: 5, quarantined: [] });
      await store.repository.delete({ sessionId: 'b', mode: 'RESTRICT' });
      expect(await store.repository.status()).toEqual({ sessionCount: 2, messageCount: 2, quarantined: [] });
    });
  });

  describe('reading', () => {
    it('changes nothing', async () => {
      const { repository } = store;
      await store.create({ id: 'a', createdAt: new Date('2020-01-01'), messages: conversation(3) });
      const before = await store.find('a');
      await repository.historyOf([{ sessionId: 'a', page: ALL }], PLENTY_OF_BYTES);
      await repository.findMessages([{ sessionId: 'a', ordinal: 1 }], PLENTY_OF_BYTES);
      await repository.list({}, { field: 'LAST_ACTIVE_AT', direction: 'DESC' }, ALL);
      expect(await store.find('a')).toEqual(before);
    });
  });
}
