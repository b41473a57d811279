import { describe, expect, it } from 'vitest';
import type { DeleteSession } from '../../../src/repository/mutations.ts';
import { childrenRequests } from '../../support/children.ts';
import { everything } from './everything.ts';
import { ALL, conversation, idsOf, type OpenStore, PLENTY_OF_BYTES, say } from './store.ts';

export function describeDelete(store: OpenStore): void {
  const remove = (input: Partial<DeleteSession> & { sessionId: string }) =>
    store.repository.delete({ mode: 'RESTRICT', ...input });
  const plan = (input: Partial<DeleteSession> & { sessionId: string }) =>
    store.repository.planDelete({ mode: 'RESTRICT', ...input });

  /** keep; a ── z ── y, a ── b: with messages everywhere. */
  async function growTree() {
    const parents = { keep: null, a: null, z: 'a', b: 'a', y: 'z' };
    for (const [id, parentId] of Object.entries(parents))
      await store.create({ id, parentId, messages: conversation(2) });
  }

  describe('deleting a session', () => {
    it('without children takes it away', async () => {
      await growTree();
      expect(await remove({ sessionId: 'b' })).toEqual({
        parentId: 'a',
        deletedIds: ['b'],
        reparentedIds: [],
      });
      expect(idsOf(await store.repository.findMany(['a', 'b', 'z']))).toEqual(['a', null, 'z']);
    });

    it('with children is refused by RESTRICT', async () => {
      await growTree();
      const before = await everything(store.repository);
      await expect(remove({ sessionId: 'a' })).rejects.toMatchObject({
        name: 'SessionHasChildrenError',
        sessionId: 'a',
        childCount: 2,
      });
      expect(await everything(store.repository)).toEqual(before);
    });

    it('with CASCADE takes all that is beneath it too, and says so in pre-order', async () => {
      await growTree();
      expect(await remove({ sessionId: 'a', mode: 'CASCADE' })).toEqual({
        parentId: null,
        deletedIds: ['a', 'z', 'y', 'b'],
        reparentedIds: [],
      });
      expect(idsOf(await store.repository.findMany(['keep', 'a', 'b', 'y', 'z']))).toEqual([
        'keep',
        null,
        null,
        null,
        null,
      ]);
    });

    it('of a large tree is seen whole or not at all, and keeps nobody from writing', async () => {
      const { repository } = store;
      await store.create({ id: 'keep' });
      await store.create({ id: 'top' });
      await Promise.all(Array.from({ length: 1_000 }, () => store.create({ parentId: 'top' })));
      let deleted = false;
      const deleting = remove({ sessionId: 'top', mode: 'CASCADE' }).then((answer) => {
        deleted = true;
        return answer;
      });
      const seen = new Set<number>();
      let written = 0;
      while (!deleted) {
        seen.add((await repository.countDescendants(['top'], null))[0]!);
        await repository.append({ sessionId: 'keep', messages: [say('meanwhile')] });
        await repository.create({ parentId: 'keep' });
        written += 1;
      }
      expect((await deleting).deletedIds).toHaveLength(1_001);
      seen.add((await repository.countDescendants(['top'], null))[0]!);
      // The deletion can be over before anybody looks.
      expect([[1_000, 0], [0]]).toContainEqual([...seen]);
      expect(await store.find('keep')).toMatchObject({ historyLength: written, childCount: written });
    });

    it('takes it out of every answer', async () => {
      await growTree();
      const { repository } = store;
      await remove({ sessionId: 'z', mode: 'CASCADE' });
      expect(await store.find('a')).toMatchObject({ childCount: 1 });
      const gone = ['z', 'y'];
      const none = { items: [], hasMore: false };
      expect(await repository.childrenOf(childrenRequests(gone, ALL))).toEqual([none, none]);
      expect(await repository.descendantsOf(gone, ALL, null)).toEqual([none, none]);
      expect(await repository.countDescendants(['a', ...gone], null)).toEqual([1, 0, 0]);
      expect(await repository.ancestorsOf(gone)).toEqual([[], []]);
      const requests = gone.map((sessionId) => ({ sessionId, page: ALL }));
      expect(await repository.historyOf(requests, PLENTY_OF_BYTES)).toMatchObject([none, none]);
      expect(await repository.countHistory(requests)).toEqual([0, 0]);
      const refs = gone.map((sessionId) => ({ sessionId, ordinal: 0 }));
      expect(await repository.findMessages(refs, PLENTY_OF_BYTES)).toEqual([null, null]);
      const [children] = await repository.childrenOf(childrenRequests(['a'], ALL));
      expect(idsOf(children!.items)).toEqual(['b']);
      const [descendants] = await repository.descendantsOf(['a'], ALL, null);
      expect(idsOf(descendants!.items)).toEqual(['b']);
      const list = await repository.list({}, { field: 'CREATED_AT', direction: 'ASC' }, ALL);
      expect(idsOf(list.items).sort()).toEqual(['a', 'b', 'keep']);
      expect(await repository.count({ rootId: 'a' })).toBe(2);
      expect(await repository.status()).toMatchObject({ sessionCount: 3, messageCount: 3 });
    });

    it('changes nothing in its parent but the count of its children, and the activity in its tree', async () => {
      await growTree();
      const parent = await store.find('a');
      await remove({ sessionId: 'z', mode: 'CASCADE' });
      const [left] = await store.repository.rollupsOf(['a']);
      expect(await store.find('a')).toEqual({
        ...parent,
        childCount: 1,
        treeLastActiveAt: left!.lastActiveAt,
      });
    });

    it('300 levels deep takes all of them', async () => {
      const ids = Array.from({ length: 300 }, (_, level) => `level-${level}`);
      await store.chain(...ids);
      expect((await remove({ sessionId: 'level-0', mode: 'CASCADE' })).deletedIds).toEqual(ids);
      expect(await store.repository.count({})).toBe(0);
    });

    it('again, or one that never was, is refused', async () => {
      await growTree();
      await remove({ sessionId: 'a', mode: 'CASCADE' });
      for (const id of ['a', 'y', 'missing'])
        for (const attempt of [plan, remove])
          await expect(attempt({ sessionId: id, mode: 'CASCADE' })).rejects.toMatchObject({
            name: 'SessionNotFoundError',
            sessionId: id,
          });
    });

    it('guards against a version that has moved on', async () => {
      await store.create({ id: 'a' });
      await store.repository.append({ sessionId: 'a', messages: [say('important')] });
      for (const attempt of [plan, remove])
        await expect(attempt({ sessionId: 'a', expectedVersion: 1 })).rejects.toMatchObject({
          name: 'ConflictError',
          reason: 'VERSION',
          expectedVersion: 1,
          actualVersion: 2,
        });
      expect(await store.find('a')).toMatchObject({ version: 2 });
      expect((await remove({ sessionId: 'a', expectedVersion: 2 })).deletedIds).toEqual(['a']);
    });
  });

  describe('a plan of a deletion', () => {
    it('says what would go and changes nothing', async () => {
      await growTree();
      const before = await everything(store.repository);
      expect(await plan({ sessionId: 'a', mode: 'CASCADE' })).toEqual({
        parentId: null,
        deletedIds: ['a', 'z', 'y', 'b'],
        reparentedIds: [],
      });
      expect((await plan({ sessionId: 'y' })).deletedIds).toEqual(['y']);
      expect(await everything(store.repository)).toEqual(before);
    });

    it('is refused where the deletion would be', async () => {
      await growTree();
      await expect(plan({ sessionId: 'a' })).rejects.toMatchObject({
        name: 'SessionHasChildrenError',
      });
    });
  });
}
