import { describe, expect, it } from 'vitest';
import { childrenRequests } from '../../support/children.ts';
import { everything } from './everything.ts';
import { ALL, conversation, idsOf, MUCH, type OpenStore, RETURNS, say } from './store.ts';

export function describePlacement(store: OpenStore): void {
  const move = (id: string, parentId: string | null, expectedVersion?: number) =>
    store.repository.move({ sessionId: id, parentId, ...(expectedVersion && { expectedVersion }) });
  const archive = (id: string, subtree = true, archived = true) =>
    store.repository.archive({ sessionId: id, subtree, archived });
  const childrenOf = async (id: string) =>
    idsOf((await store.repository.childrenOf(childrenRequests([id], ALL)))[0]!.items);
  const listed = async (archived?: 'EXCLUDE' | 'INCLUDE' | 'ONLY') =>
    idsOf((await store.repository.list({ archived }, { field: 'CREATED_AT', direction: 'ASC' }, ALL)).items);

  describe('moving a session', () => {
    it('takes all beneath it along, to the end of the children that are there', async () => {
      await store.chain('a', 'b', 'c', 'd');
      await store.chain('x', 'y');
      await store.create({ id: 'last', parentId: 'x' });
      expect(await move('b', 'x')).toMatchObject({
        session: { parentId: 'x', rootId: 'x', depth: 1, version: 2 },
        formerParentId: 'a',
      });
      expect(await childrenOf('x')).toEqual(['y', 'last', 'b']);
      expect(await store.find('d')).toMatchObject({ rootId: 'x', depth: 3, version: 1 });
      expect(idsOf((await store.repository.ancestorsOf(['d']))[0]!)).toEqual(['x', 'b', 'c']);
      expect(await store.find('a')).toMatchObject({ childCount: 0, version: 1 });
      expect(await store.find('x')).toMatchObject({ childCount: 3, version: 1 });
    });

    it('makes a tree of its own of it', async () => {
      await store.chain('a', 'b', 'c');
      expect(await move('b', null)).toMatchObject({
        session: { parentId: null, rootId: 'b', depth: 0 },
        formerParentId: 'a',
      });
      expect(await move('b', 'a')).toMatchObject({ formerParentId: null });
      await move('b', null);
      expect(await store.find('c')).toMatchObject({ rootId: 'b', depth: 1 });
    });

    it('under its own parent puts it last', async () => {
      await store.create({ id: 'a' });
      for (const id of ['b', 'c', 'd']) await store.create({ id, parentId: 'a' });
      await move('b', 'a');
      expect(await childrenOf('a')).toEqual(['c', 'd', 'b']);
      expect(await store.find('a')).toMatchObject({ childCount: 3 });
    });

    it('is refused under itself, beneath itself, and under nothing that is there', async () => {
      await store.chain('a', 'b', 'c');
      const before = await everything(store.repository);
      for (const parentId of ['a', 'b', 'c']) {
        await expect(move('a', parentId)).rejects.toMatchObject({
          name: 'InvalidInputError',
          issues: [{ path: ['input', 'parentId'] }],
        });
      }
      await expect(move('a', 'none')).rejects.toMatchObject({ name: 'SessionNotFoundError' });
      await expect(move('none', 'a')).rejects.toMatchObject({ name: 'SessionNotFoundError' });
      await expect(move('b', null, 7)).rejects.toMatchObject({ name: 'ConflictError', actualVersion: 1 });
      expect(await everything(store.repository)).toEqual(before);
    });

    it('never makes a circle of two that cross', async () => {
      await store.chain('a');
      await store.chain('b');
      const outcomes = await Promise.allSettled([move('a', 'b'), move('b', 'a')]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect(await store.find('a')).toMatchObject({ parentId: 'b', depth: 1 });
    });

    it.each(RETURNS)('stays where it is after the store was %s, and takes writes', async (how) => {
      await store.chain('a', 'b', 'c', 'd');
      await store.chain('x', 'y');
      await store.repository.append({ sessionId: 'b', messages: conversation(2) });
      await move('b', 'y');
      await store.repository.append({ sessionId: 'b', messages: conversation(2) });
      await move('b', 'x');
      await move('c', null);
      await store.repository.update({ sessionId: 'c', title: 'moved' });
      const before = await everything(store.repository);
      await store.comeBack(how);
      expect(await everything(store.repository)).toEqual(before);
      expect((await store.find('b')).damage).toEqual([]);
      expect(
        (await store.repository.append({ sessionId: 'b', messages: [say('on')] })).session,
      ).toMatchObject({
        version: 6,
        parentId: 'x',
      });
      await store.comeBack('rebuilt');
      expect(await store.find('b')).toMatchObject({ version: 6, historyLength: 5, damage: [] });
    });
  });

  describe('deleting with REPARENT', () => {
    it('gives the children to the parent, in their order, after those that are there', async () => {
      await store.create({ id: 'a' });
      for (const id of ['gone', 'stays']) await store.create({ id, parentId: 'a' });
      for (const id of ['c1', 'c2', 'c3']) await store.create({ id, parentId: 'gone' });
      await store.create({ id: 'deep', parentId: 'c2' });
      const input = { sessionId: 'gone', mode: 'REPARENT' } as const;
      const answer = { parentId: 'a', deletedIds: ['gone'], reparentedIds: ['c1', 'c2', 'c3'] };
      expect(await store.repository.planDelete(input)).toEqual(answer);
      expect(await store.repository.delete(input)).toEqual(answer);
      expect(await childrenOf('a')).toEqual(['stays', 'c1', 'c2', 'c3']);
      expect(await store.find('deep')).toMatchObject({ depth: 2, rootId: 'a', version: 1 });
      expect(await store.find('c2')).toMatchObject({ depth: 1, parentId: 'a', version: 2 });
      expect(await store.find('a')).toMatchObject({ childCount: 4 });
      const before = await everything(store.repository);
      await store.comeBack('rebuilt');
      expect(await everything(store.repository)).toEqual(before);
    });

    it('makes roots of the children of a root', async () => {
      await store.chain('a', 'b', 'c');
      await store.repository.delete({ sessionId: 'a', mode: 'REPARENT' });
      expect(await store.find('b')).toMatchObject({ parentId: null, rootId: 'b', depth: 0 });
      expect(await store.find('c')).toMatchObject({ rootId: 'b', depth: 1 });
    });
  });

  describe('archiving a session', () => {
    it('hides it and all beneath it from lists, and nothing above it', async () => {
      await store.chain('a', 'b', 'c');
      await store.create({ id: 'd', parentId: 'a' });
      const { session, changedIds } = await archive('b');
      expect(changedIds).toEqual(['b', 'c']);
      expect(session).toMatchObject({ id: 'b', version: 2, archivedAt: expect.any(Date) });
      expect(await listed()).toEqual(['a', 'd']);
      expect(await listed('EXCLUDE')).toEqual(['a', 'd']);
      expect(await listed('ONLY')).toEqual(['b', 'c']);
      expect(await listed('INCLUDE')).toEqual(['a', 'b', 'c', 'd']);
      expect(await childrenOf('a')).toEqual(['b', 'd']);
      const { repository } = store;
      expect(await repository.count({})).toBe(2);
      expect(await repository.count({ archived: 'ONLY', rootId: 'a' })).toBe(2);
      expect(await repository.count({ archived: 'INCLUDE' })).toBe(4);
      expect((await repository.status()).sessionCount).toBe(4);
    });

    it('alone leaves what is beneath it', async () => {
      await store.chain('a', 'b', 'c');
      expect((await archive('b', false)).changedIds).toEqual(['b']);
      expect(await listed()).toEqual(['a', 'c']);
    });

    it('changes only what is not so yet, both ways', async () => {
      await store.chain('a', 'b', 'c');
      await archive('b', false);
      const { archivedAt } = await store.find('b');
      expect((await archive('a')).changedIds).toEqual(['a', 'c']);
      expect(await store.find('b')).toMatchObject({ archivedAt, version: 2 });
      expect((await archive('a', true, false)).changedIds).toEqual(['a', 'b', 'c']);
      expect((await archive('a', true, false)).changedIds).toEqual([]);
      expect(await listed()).toEqual(['a', 'b', 'c']);
      expect(await store.find('a')).toMatchObject({ archivedAt: null, version: 3 });
    });

    it('is archived since the time that is given, but for what was archived before', async () => {
      const archivedAt = new Date('2001-02-03T04:05:06.007Z');
      await store.chain('a', 'b', 'c');
      await archive('b', false);
      const b = await store.find('b');
      const input = { sessionId: 'a', subtree: true, archived: true, archivedAt };
      const { session, changedIds } = await store.repository.archive(input);
      expect(session).toMatchObject({ archivedAt, version: 2 });
      expect(session.updatedAt.getTime()).toBeGreaterThanOrEqual(b.updatedAt.getTime());
      expect(changedIds).toEqual(['a', 'c']);
      for (const how of ['at once', ...RETURNS] as const) {
        if (how !== 'at once') await store.comeBack(how);
        expect(await store.find('c')).toMatchObject({ archivedAt });
        expect(await store.find('b')).toMatchObject({ archivedAt: b.archivedAt });
      }
    });

    it('refuses messages, rollbacks and children, until it is brought back', async () => {
      await store.create({ id: 'a', messages: conversation(2) });
      await archive('a');
      const { repository } = store;
      const error = { name: 'SessionArchivedError', sessionId: 'a' };
      const append = () => repository.append({ sessionId: 'a', messages: [say('x')] });
      await expect(append()).rejects.toMatchObject(error);
      await expect(repository.truncate({ sessionId: 'a', keep: 0 }, MUCH)).rejects.toMatchObject(error);
      await expect(repository.create({ parentId: 'a' })).rejects.toMatchObject(error);
      await repository.update({ sessionId: 'a', title: 'still' });
      await archive('a', true, false);
      expect((await append()).session).toMatchObject({ version: 5, title: 'still' });
    });

    it('leaves it to be read, found, forked and moved, and others to be moved under it', async () => {
      await store.create({ id: 'a', messages: [say('a fox')] });
      await store.chain('x', 'y');
      await archive('a');
      const { repository } = store;
      const fork = await repository.fork({ sessionId: 'a', id: 'fork', asRoot: false });
      expect(fork).toMatchObject({ parentId: 'a', archivedAt: null, historyLength: 1 });
      expect((await repository.search({ query: 'fox', within: 'a', limit: 9 })).hits).toHaveLength(2);
      await repository.move({ sessionId: 'y', parentId: 'a' });
      expect(await childrenOf('a')).toEqual(['fork', 'y']);
      await repository.move({ sessionId: 'a', parentId: 'x' });
      expect(await store.find('a')).toMatchObject({ parentId: 'x', archivedAt: expect.any(Date) });
      expect(await store.find('y')).toMatchObject({ parentId: 'a', archivedAt: null });
    });

    it.each(RETURNS)('stays so after the store was %s', async (how) => {
      await store.chain('a', 'b', 'c');
      await store.chain('x');
      await archive('b');
      await archive('x');
      await archive('x', true, false);
      await store.repository.append({ sessionId: 'x', messages: conversation(1) });
      await move('b', 'x');
      const before = await everything(store.repository);
      await store.comeBack(how);
      expect(await everything(store.repository)).toEqual(before);
      expect(await listed('ONLY')).toEqual(['b', 'c']);
    });

    it('of a large tree keeps nobody from reading', async () => {
      await store.create({ id: 'top' });
      await Promise.all(Array.from({ length: 1_000 }, () => store.create({ parentId: 'top' })));
      const seen = new Set<number>();
      // A busy machine can hold up a read for as long as an archival takes.
      for (let round = 0; round < 20 && !seen.has(0); round += 1) {
        if (round > 0) await archive('top', true, false);
        const archiving = archive('top');
        for (let done = false; !done; ) {
          seen.add(await store.repository.count({ archived: 'ONLY' }));
          done = await Promise.race([
            archiving.then(() => true),
            new Promise<false>((no) => setImmediate(no, false)),
          ]);
        }
        expect((await archiving).changedIds).toHaveLength(1_001);
        seen.add(await store.repository.count({ archived: 'ONLY' }));
      }
      expect([...seen].sort((a, b) => a - b)).toEqual([0, 1_001]);
    });
  });
}
