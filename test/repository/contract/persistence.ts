import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StorageError } from '../../../src/model/errors.ts';
import type { JsonValue } from '../../../src/model/json.ts';
import { childrenRequests } from '../../support/children.ts';
import { everything } from './everything.ts';
import { ALL, conversation, idsOf, type OpenStore, operation, RETURNS, say } from './store.ts';

export function describePersistence(store: OpenStore): void {
  describe.each(RETURNS)('a store that was %s', (how) => {
    it('has the same id', async () => {
      const { storeId } = store.repository;
      await store.create();
      await store.comeBack(how);
      expect(store.repository.storeId).toBe(storeId);
      expect(storeId).not.toBe('');
    });

    it('gives every answer as before', async () => {
      const { repository } = store;
      await store.create({
        id: 'Root',
        userId: 'ann',
        createdAt: new Date('2030-01-01'),
        messages: conversation(5),
      });
      await store.create({ id: 'root', createdAt: new Date('2020-01-01T00:00:00.123Z') });
      for (const [id, parentId] of [
        ['z', 'Root'],
        ['b', 'Root'],
        ['c', 'z'],
        ['a', 'Root'],
        ['d', 'root'],
      ] as const)
        await store.create({ id, parentId, metadata: { id }, messages: conversation(id.charCodeAt(0) % 4) });
      const usage = { inputTokens: 5, outputTokens: 7, costUsd: 0.1 };
      await repository.append({
        sessionId: 'z',
        messages: [
          say('ä\n😀', { name: 'n', toolCallId: 't', payload: [{ p: null }], usage, metadata: { m: 1 } }),
          say('old', { createdAt: new Date('2001-01-01') }),
        ],
      });
      await repository.update({ sessionId: 'z', title: 'title', metadata: { added: [1], id: null } });
      await repository.update({ sessionId: 'z', metadata: { more: { x: 1 } } });
      await repository.append({ sessionId: 'root', messages: conversation(3) }, operation('1', 'append'));
      await repository.delete({ sessionId: 'b', mode: 'RESTRICT' });
      await repository.delete({ sessionId: 'root', mode: 'CASCADE' });
      const gone = ['b', 'root', 'd'];
      const before = await everything(repository, gone);
      expect(before.ids.length).toBe(7);
      await store.comeBack(how);
      expect(await everything(store.repository, gone)).toEqual(before);
      await store.comeBack(how);
      expect(await everything(store.repository, gone)).toEqual(before);
    });

    it('goes on: versions and ordinals grow from where they were, and no sequence number is given again', async () => {
      await store.create({ id: 'a', messages: conversation(3) });
      await store.repository.update({ sessionId: 'a', title: 'x' });
      await store.create({ id: 'last' });
      const { sequence } = await store.find('last');
      await store.repository.delete({ sessionId: 'last', mode: 'RESTRICT' });
      await store.comeBack(how);
      const { session, messages } = await store.repository.append({
        sessionId: 'a',
        messages: conversation(2),
      });
      expect(session).toMatchObject({ version: 3, historyLength: 5 });
      expect(messages.map(({ ordinal, position }) => [ordinal, position])).toEqual([
        [3, 3],
        [4, 4],
      ]);
      expect((await store.create({ id: 'next' })).sequence).not.toBe(sequence);
      expect(await store.repository.update({ sessionId: 'a', metadata: { x: 1 } })).toMatchObject({
        version: 4,
        title: 'x',
      });
    });

    it('keeps taken what was taken, and guards what it guarded', async () => {
      await store.chain('a', 'b');
      await store.create({ id: 'c' });
      await store.repository.delete({ sessionId: 'a', mode: 'CASCADE' });
      await store.comeBack(how);
      for (const id of ['a', 'b', 'c'])
        await expect(store.create({ id })).rejects.toMatchObject({
          name: 'SessionExistsError',
          sessionId: id,
        });
      await expect(store.create({ parentId: 'a' })).rejects.toMatchObject({ name: 'SessionNotFoundError' });
      await expect(
        store.repository.update({ sessionId: 'c', title: 'x', expectedVersion: 2 }),
      ).rejects.toMatchObject({ reason: 'VERSION', actualVersion: 1 });
    });

    it('keeps what is empty apart from what is not there', async () => {
      await store.create({ id: 'empty', title: '', userId: '', metadata: { a: {}, b: [], c: '', d: null } });
      await store.create({ id: 'none', title: 'title', metadata: { a: 1 } });
      await store.repository.update({ sessionId: 'none', title: null, metadata: { a: null } });
      const texts = { name: '', toolCallId: '', payload: '', metadata: { a: {} } };
      const payloads: JsonValue[] = [[], {}, false, 0, null];
      await store.repository.append({
        sessionId: 'empty',
        messages: [say('', texts), ...payloads.map((payload) => say('', { payload }))],
      });
      const before = await everything(store.repository);
      expect(before.sessions[0]).toMatchObject({ title: '', userId: '' });
      expect(before.histories[0]!.items.slice(1).map(({ payload }) => payload)).toEqual(payloads);
      expect(before.histories[0]!.items[0]).toMatchObject(texts);
      await store.comeBack(how);
      expect(await everything(store.repository)).toEqual(before);
    });

    it('goes on from a page that was read before', async () => {
      await store.create({ id: 'parent' });
      const children = [];
      for (let child = 0; child < 6; child += 1) children.push(await store.create({ parentId: 'parent' }));
      const key = children[2]!;
      await store.comeBack(how);
      const rest = idsOf(children.slice(3));
      const [page] = await store.repository.childrenOf(
        childrenRequests(['parent'], { ...ALL, after: key.arrival }),
      );
      expect(idsOf(page!.items)).toEqual(rest);
      const [beneath] = await store.repository.descendantsOf(['parent'], { ...ALL, after: key.id }, null);
      expect(idsOf(beneath!.items)).toEqual(rest);
      const after = { time: key.createdAt.getTime(), sequence: key.sequence };
      const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
      const list = await store.repository.list({ parentId: 'parent' }, order, { ...ALL, after });
      expect(idsOf(list.items)).toEqual(rest);
    });

    it('gives every answer as before, whatever was done', async () => {
      const command = fc.tuple(
        fc.constantFrom('create', 'spawn', 'append', 'update', 'delete', 'cascade'),
        fc.nat(1_000),
        fc.boolean(),
      );
      let turn = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 30 }), async (commands) => {
          const { repository } = store;
          const ids: string[] = [(await store.create()).id];
          for (const [kind, pick, named] of commands) {
            turn += 1;
            const id = ids[pick % ids.length]!;
            const op = named ? operation(`${turn}`, pick) : undefined;
            const createdAt = new Date(Date.UTC(2026, 0, 1 + (pick % 5)));
            const spawned = { parentId: id, createdAt, metadata: { pick } };
            const write = {
              create: () => store.create({ createdAt, messages: conversation(pick % 4) }, op),
              spawn: () => store.create(spawned, op),
              append: () => repository.append({ sessionId: id, messages: conversation(1 + (pick % 4)) }, op),
              update: () =>
                repository.update({ sessionId: id, title: `${pick}`, metadata: { [pick % 3]: pick } }, op),
              delete: () => repository.delete({ sessionId: id, mode: 'RESTRICT' }, op),
              cascade: () => repository.delete({ sessionId: id, mode: 'CASCADE' }, op),
            }[kind];
            const result = await write().catch((error: Error) => {
              expect(error.name).toMatch(/^Session(NotFound|HasChildren)Error$/);
            });
            if (result && 'id' in result) ids.push(result.id);
          }
          const before = await everything(repository, ids);
          await store.comeBack(how);
          expect(await everything(store.repository, ids)).toEqual(before);
        }),
        { numRuns: 6 },
      );
    });
  });

  describe('closing', () => {
    it('finishes the writes under way: each is there when the store comes back', async () => {
      await store.create({ id: 'a' });
      const writes = Array.from({ length: 30 }, (_, index) =>
        index % 3
          ? store.repository.append({ sessionId: 'a', messages: [say(`${index}`)] })
          : store.create({ id: `s${index}`, parentId: 'a' }),
      );
      const closed = store.close();
      await Promise.all(writes);
      await closed;
      await store.comeBack('reopened');
      expect(await store.find('a')).toMatchObject({ historyLength: 20, childCount: 10, version: 21 });
    });

    it('refuses every write that comes later', async () => {
      const { repository } = store;
      await store.create({ id: 'a' });
      await store.close();
      const stopped = { name: 'StorageError' };
      await expect(repository.create({ id: 'b' })).rejects.toMatchObject(stopped);
      await expect(repository.append({ sessionId: 'a', messages: [say('x')] })).rejects.toMatchObject(
        stopped,
      );
      await expect(repository.update({ sessionId: 'a', title: 'x' })).rejects.toMatchObject(stopped);
      await expect(repository.delete({ sessionId: 'a', mode: 'RESTRICT' })).rejects.toMatchObject(stopped);
      await store.comeBack('reopened');
      expect(await everything(store.repository, ['b'])).toMatchObject({
        ids: ['a', 'b'],
        counts: { sessions: 1 },
      });
      expect(await store.find('a')).toMatchObject({ version: 1, title: null });
    });
  });

  it('can write while it is open, and changes nothing to find that out', async () => {
    await store.create({ id: 'a', messages: conversation(2) });
    const before = await everything(store.repository);
    await Promise.all([1, 2, 3].map(() => store.repository.checkWritable()));
    expect(await everything(store.repository)).toEqual(before);
    await store.close();
    await expect(store.repository.checkWritable()).rejects.toThrow(StorageError);
  });
}
