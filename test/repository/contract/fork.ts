import { describe, expect, it } from 'vitest';
import type { ListKey, PageRequest } from '../../../src/repository/reads.ts';
import { naivePage } from './naive.ts';
import { pagesBetween } from './pages.ts';
import {
  ALL,
  contentsOf,
  conversation,
  historyOf,
  idsOf,
  MUCH,
  type OpenStore,
  RETURNS,
  say,
} from './store.ts';

export function describeFork(store: OpenStore): void {
  const fork = (input: Partial<Parameters<typeof store.repository.fork>[0]> = {}) =>
    store.repository.fork({ sessionId: 'a', asRoot: false, ...input });

  describe('forking a session', () => {
    it('copies the whole history into a child that has its title, user and metadata', async () => {
      const usage = { inputTokens: 1, outputTokens: 2, costUsd: 0.5 };
      const messages = [
        say('first', { name: 'n', payload: { a: [1] }, usage, metadata: { k: 1 } }),
        ...conversation(5),
        say('dated', { createdAt: new Date('2001-02-03T04:05:06.007Z') }),
      ];
      await store.create({ id: 'a', title: 'original', userId: 'ada', metadata: { k: 1 }, messages });
      await store.repository.append({ sessionId: 'a', messages: conversation(2) });
      const before = await store.find('a');
      const session = await fork({ id: 'b' });
      expect(session).toMatchObject({
        id: 'b',
        parentId: 'a',
        rootId: 'a',
        depth: 1,
        title: 'original',
        userId: 'ada',
        metadata: { k: 1 },
        version: 1,
        messageCount: before.messageCount,
        historyLength: 9,
        forkedFrom: { sessionId: 'a', messageId: 'a:8', historyLength: 9 },
      });
      const [original, copy] = [await historyOf(store, 'a'), await historyOf(store, 'b')];
      expect(copy).toEqual(
        original.map((message, ordinal) => ({
          ...message,
          sessionId: 'b',
          ordinal,
          isCopy: true,
        })),
      );
      const treeLastActiveAt = session.lastActiveAt;
      expect(await store.find('a')).toEqual({ ...before, childCount: 1, treeLastActiveAt });
    });

    it('copies long messages, in any language, as they are', async () => {
      const texts = Array.from({ length: 12 }, (_, n) => `${n} ${'数据 and "more"\n'.repeat(20_000)}`);
      await store.create({ id: 'a' });
      for (const text of texts) await store.repository.append({ sessionId: 'a', messages: [say(text)] });
      const { id } = await fork();
      expect((await contentsOf(store, id)).map((text) => texts.indexOf(text))).toEqual([...texts.keys()]);
    });

    it('stops at the message that is named, also in the middle of an exchange', async () => {
      await store.create({ id: 'a' });
      for (let n = 0; n < 3; n += 1) {
        await store.repository.append({
          sessionId: 'a',
          messages: [say(`q${n}`), say(`a${n}`, { role: 'ASSISTANT' })],
        });
      }
      const session = await fork({ throughMessage: { sessionId: 'a', ordinal: 2 } });
      expect(await contentsOf(store, session.id)).toEqual(['q0', 'a0', 'q1']);
      expect(session).toMatchObject({
        messageCount: 2,
        forkedFrom: { sessionId: 'a', messageId: 'a:2', historyLength: 3 },
      });
    });

    it('makes a root of it where that is asked for', async () => {
      await store.chain('top', 'a');
      expect(await fork({ asRoot: true, title: 'alone' })).toMatchObject({
        parentId: null,
        depth: 0,
        title: 'alone',
        forkedFrom: { sessionId: 'a', messageId: null, historyLength: 0 },
      });
    });

    it('has the agent and the project of the original, is idle, and nothing spawned it', async () => {
      const described = { agentName: 'planner', project: '/home/ann/code' };
      await store.create({ id: 'root', messages: [say('spawn')] });
      await store.create({
        id: 'a',
        parentId: 'root',
        ...described,
        status: 'FAILED',
        statusMessage: 'no room',
        spawnedBy: { messageId: 'root:0' },
      });
      const session = await fork({ id: 'b' });
      expect(session).toMatchObject({
        ...described,
        status: 'IDLE',
        statusMessage: null,
        statusChangedAt: session.createdAt,
        spawnedBy: null,
      });
      for (const how of RETURNS) {
        await store.comeBack(how);
        expect(await store.find('b')).toEqual(session);
      }
    });

    it('is created when its input says, and was active then; its messages keep their times', async () => {
      const said = new Date('2001-02-03T04:05:06.007Z');
      const createdAt = new Date('2001-02-04T00:00:00.000Z');
      await store.create({ id: 'a', messages: [say('dated', { createdAt: said })] });
      const session = await fork({ id: 'b', createdAt });
      const dated = { createdAt, lastActiveAt: createdAt, statusChangedAt: createdAt };
      expect(session).toMatchObject(dated);
      expect(session.updatedAt.getTime()).toBeGreaterThan(createdAt.getTime());
      const last = await fork({ id: 'c' });
      expect(last.createdAt).toEqual(last.updatedAt);
      const listed = async () => {
        const order = { field: 'CREATED_AT', direction: 'ASC' } as const;
        return idsOf((await store.repository.list({}, order, ALL)).items);
      };
      for (const how of ['at once', ...RETURNS] as const) {
        if (how !== 'at once') await store.comeBack(how);
        expect(await store.find('b')).toMatchObject(dated);
        expect((await historyOf(store, 'b'))[0]!.createdAt).toEqual(said);
        expect(await listed()).toEqual(['b', 'a', 'c']);
      }
    });

    it('goes on with its own history, and so does the original', async () => {
      await store.create({ id: 'a', messages: conversation(2) });
      await fork({ id: 'b' });
      await store.repository.append({ sessionId: 'b', messages: [say('b')] });
      await store.repository.append({ sessionId: 'a', messages: [say('a')] });
      expect(await contentsOf(store, 'a')).toEqual(['0', '1', 'a']);
      expect(await contentsOf(store, 'b')).toEqual(['0', '1', 'b']);
    });

    it('leaves out what was rolled back', async () => {
      await store.create({ id: 'a', messages: conversation(2) });
      await store.repository.append({ sessionId: 'a', messages: [say('kept'), say('dropped')] });
      await store.repository.truncate({ sessionId: 'a', keep: 3 }, MUCH);
      await store.repository.append({ sessionId: 'a', messages: [say('instead')] });
      await fork({ id: 'b' });
      expect(await contentsOf(store, 'b')).toEqual(['0', '1', 'kept', 'instead']);
      await expect(fork({ throughMessage: { sessionId: 'a', ordinal: 3 } })).rejects.toMatchObject({
        name: 'InvalidInputError',
      });
    });

    it('is refused through a message of another session, and of an unknown or newer session', async () => {
      await store.create({ id: 'a', messages: conversation(1) });
      await store.create({ id: 'other', messages: conversation(1) });
      await expect(fork({ throughMessage: { sessionId: 'other', ordinal: 0 } })).rejects.toMatchObject({
        name: 'InvalidInputError',
        issues: [{ path: ['input', 'throughMessageId'] }],
      });
      await expect(fork({ sessionId: 'none' })).rejects.toMatchObject({ name: 'SessionNotFoundError' });
      await expect(fork({ id: 'other' })).rejects.toMatchObject({ name: 'SessionExistsError' });
      await expect(fork({ expectedVersion: 2 })).rejects.toMatchObject({ name: 'ConflictError' });
      expect(await store.repository.count({})).toBe(2);
    });

    it.each(RETURNS)(
      'says where it came from after the original is gone and the store was %s',
      async (how) => {
        await store.create({ id: 'a', messages: conversation(1_500) });
        await fork({ id: 'b', asRoot: true });
        await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
        const before = await store.find('b');
        const history = await historyOf(store, 'b');
        await store.comeBack(how);
        expect(await store.find('b')).toEqual(before);
        expect(before.forkedFrom).toEqual({ sessionId: 'a', messageId: 'a:1499', historyLength: 1_500 });
        expect(await historyOf(store, 'b')).toEqual(history);
        expect(history).toHaveLength(1_500);
        expect(idsOf(await store.repository.findMany(['a']))).toEqual([null]);
      },
    );

    it('is found by its origin, in order of creation, wherever it is', async () => {
      const { repository } = store;
      const forks = async (sessionId: string, page: PageRequest<ListKey> = ALL) => {
        const [got] = await store.repository.forksOf([{ sessionId, page }]);
        return { ids: idsOf(got!.items), hasMore: got!.hasMore };
      };
      for (const id of ['origin', 'other']) await store.create({ id, messages: conversation(2) });
      for (const [id, asRoot] of [
        ['z', true],
        ['y', false],
        ['x', true],
        ['w', true],
      ] as const)
        await repository.fork({ sessionId: 'origin', id, asRoot });
      await repository.fork({ sessionId: 'z', id: 'of-a-fork', asRoot: true });
      await repository.move({ sessionId: 'y', parentId: 'other' });
      await repository.archive({ sessionId: 'x', archived: true, subtree: true });
      await repository.delete({ sessionId: 'w', mode: 'RESTRICT' });
      for (const how of ['at once', ...RETURNS] as const) {
        if (how !== 'at once') await store.comeBack(how);
        expect(await forks('origin')).toEqual({ ids: ['z', 'y', 'x'], hasMore: false });
        const origins = ['origin', 'other', 'z', 'missing', 'origin'].map((sessionId) => ({ sessionId }));
        expect(await store.repository.countForks(origins)).toEqual([3, 0, 1, 0, 3]);
      }
      const { items } = (await store.repository.forksOf([{ sessionId: 'origin', page: ALL }]))[0]!;
      expect(items).toEqual(await store.repository.findMany(['z', 'y', 'x']));
      const keys = items.map(({ createdAt, sequence }) => ({ time: createdAt.getTime(), sequence }));
      const byKey = (a: ListKey, b: ListKey) => a.time - b.time || a.sequence - b.sequence;
      for (const page of pagesBetween(keys, [0, 1, 2, 3])) {
        const { items: some, hasMore } = naivePage(keys, page, byKey);
        const ids = some.map((key) => items[keys.indexOf(key)]!.id);
        const [got] = await store.repository.forksOf([{ sessionId: 'origin', page }]);
        expect({ page, ids: idsOf(got!.items), hasMore: got!.hasMore }).toEqual({ page, ids, hasMore });
      }
    });
  });
}
