import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import type { NewMessage } from '../../../src/model/message.ts';
import type { CreateIfMissing, WriteHistory } from '../../../src/repository/mutations.ts';
import { everything } from './everything.ts';
import { contentsOf, conversation, historyOf, type OpenStore, RETURNS, say, WHOLE } from './store.ts';

export function describeCreateIfMissing(store: OpenStore): void {
  const write = (input: WriteHistory) => store.repository.writeHistory(input, WHOLE);
  const refused = async (input: WriteHistory, error: object) => {
    const before = await everything(store.repository);
    await expect(write({ messages: [say('x')], ...input })).rejects.toMatchObject(error);
    expect(await everything(store.repository)).toEqual(before);
  };

  describe('writing to a session that is created if it is missing', () => {
    it('creates it with its id, with all that the write says, in its first version', async () => {
      const { session, isNew, messages, removed, removedCount } = await write({
        sessionId: 'new',
        create: {
          agentName: 'planner',
          project: 'p',
          createdAt: new Date('2020-01-01'),
          lastActiveAt: new Date('2020-02-01'),
        },
        messages: conversation(3),
        title: 'T',
        status: 'RUNNING',
        statusMessage: 'm',
      });
      expect({ isNew, removed, removedCount }).toEqual({ isNew: true, removed: [], removedCount: 0 });
      expect(session).toEqual(await store.find('new'));
      expect(session).toMatchObject({
        id: 'new',
        key: null,
        parentId: null,
        userId: null,
        version: 1,
        agentName: 'planner',
        project: 'p',
        createdAt: new Date('2020-01-01'),
        lastActiveAt: new Date('2020-02-01'),
        title: 'T',
        status: 'RUNNING',
        statusMessage: 'm',
        historyLength: 3,
        messageCount: 1,
      });
      expect(messages).toEqual(await historyOf(store, 'new'));
    });

    it('creates it with its key, for the owner, and finds it from then on', async () => {
      const turn = (content: string) =>
        write({ key: 'k', ownerId: 'ann', create: { title: 'T' }, messages: [say(content)] });
      const { session, isNew } = await turn('0');
      expect(isNew).toBe(true);
      expect(session).toMatchObject({ key: 'k', userId: 'ann', title: 'T', version: 1, parentId: null });
      expect(await turn('1')).toMatchObject({ isNew: false, session: { id: session.id, version: 2 } });
      for (const how of RETURNS) {
        await store.comeBack(how);
        expect(await turn(how)).toMatchObject({ isNew: false, session: { id: session.id } });
      }
      expect(await contentsOf(store, session.id)).toEqual(['0', '1', ...RETURNS]);
      expect((await write({ key: 'k', create: {} })).session).toMatchObject({ userId: null });
    });

    it.each(RETURNS)('leaves it as it was answered after the store was %s', async (how) => {
      await store.create({ id: 'p' });
      await write({ sessionId: 'a', create: { parentId: 'p' }, messages: conversation(5), status: 'FAILED' });
      await write({ key: 'k', ownerId: 'ann', create: { forkedFrom: { sessionId: 'a' } } });
      const before = await everything(store.repository);
      await store.comeBack(how);
      expect(await everything(store.repository)).toEqual(before);
    });

    it('of which nothing is said creates an empty one', async () => {
      const { session } = await write({ sessionId: 'new', create: {} });
      expect(session).toMatchObject({ id: 'new', version: 1, historyLength: 0, status: 'IDLE', title: null });
    });

    it('puts it under its parent, by id or by key, whose user and project it takes', async () => {
      await store.create({ id: 'p', key: 'parent', userId: 'ann', project: 'p' });
      await store.create({ id: 'other', key: 'parent', userId: 'bob' });
      const child = { parentId: 'p', userId: 'ann', project: 'p', depth: 1 };
      const created = async (input: WriteHistory) => (await write(input)).session;
      expect(await created({ sessionId: 'a', create: { parentId: 'p' } })).toMatchObject(child);
      const create = { parentKey: 'parent' };
      expect(await created({ sessionId: 'b', ownerId: 'ann', create })).toMatchObject(child);
      expect(await created({ key: 'c', ownerId: 'ann', create })).toMatchObject({ ...child, key: 'c' });
      const own = { parentId: 'p', project: 'q' };
      expect(await created({ sessionId: 'd', create: own })).toMatchObject({ ...child, project: 'q' });
      expect(await created({ sessionId: 'e', create: { parentId: 'p', project: null } })).toMatchObject(
        child,
      );
      expect(await store.find('p')).toMatchObject({ childCount: 5, version: 1 });
    });

    it('is refused where the parent is missing or archived', async () => {
      await store.create({ id: 'p', key: 'parent', userId: 'ann' });
      const missing = { name: 'SessionNotFoundError' };
      await refused({ sessionId: 'a', create: { parentId: 'q' } }, { ...missing, sessionId: 'q', key: null });
      await refused({ key: 'a', create: { parentKey: 'parent' } }, { ...missing, key: 'parent' });
      await store.repository.archive({ sessionId: 'p', archived: true, subtree: false });
      const archived = { name: 'SessionArchivedError', sessionId: 'p' };
      await refused({ sessionId: 'a', create: { parentId: 'p' } }, archived);
      await refused({ key: 'a', ownerId: 'ann', create: { parentKey: 'parent' } }, archived);
    });

    it('is refused where its key would not find it again: the tree of the parent has another owner', async () => {
      await store.create({ id: 'ann', userId: 'ann' });
      await store.create({ id: 'child', parentId: 'ann', userId: 'bob' });
      await store.create({ id: 'nobody' });
      const other = (message: string) => ({
        name: 'InvalidInputError',
        issues: [{ path: ['input', 'ownerId'], message: expect.stringContaining(message) }],
      });
      const by = (parentId: string, ownerId?: string) => ({ key: 'k', ownerId, create: { parentId } });
      await refused(by('child'), other('expected "ann", who owns the tree of the parent, got nobody'));
      await refused(by('child', 'bob'), other('got "bob"'));
      await refused(by('nobody', 'ann'), other('expected nobody'));
      expect((await write(by('child', 'ann'))).session).toMatchObject({ userId: 'bob', parentId: 'child' });
      expect((await write(by('child', 'ann'))).isNew).toBe(false);
    });

    it('takes nothing of `create` where the session is there', async () => {
      await store.create({ id: 'a', key: 'k', title: 'T', metadata: { a: 1 } });
      const create = {
        parentId: 'missing',
        title: 'other',
        agentName: 'x',
        metadata: { b: 1 },
        createdAt: new Date(0),
      };
      for (const named of [{ sessionId: 'a' }, { key: 'k' }]) {
        const before = await store.find('a');
        const { session, isNew } = await write({ ...named, create, messages: [say('hi')] });
        expect(isNew).toBe(false);
        const { title, agentName, metadata, createdAt, parentId } = before;
        expect(session).toMatchObject({ title, agentName, metadata, createdAt, parentId });
      }
    });

    it('applies the title and the metadata of the write to those that it is created with', async () => {
      const create = { title: 'T', metadata: { a: 1, b: { c: 1, d: 2 }, e: 3 } };
      const described = async (input: WriteHistory) => {
        const { title, metadata } = (await write({ create, ...input })).session;
        return { title, metadata };
      };
      expect(await described({ sessionId: 'a' })).toEqual(create);
      expect(
        await described({
          sessionId: 'b',
          title: 'own',
          metadata: { a: null, b: { c: null } },
          setMetadata: { e: { f: null } },
        }),
      ).toEqual({ title: 'own', metadata: { b: { d: 2 }, e: { f: null } } });
      expect(await described({ sessionId: 'c', title: null })).toMatchObject({ title: null });
    });

    it('is refused where its metadata would be too large', async () => {
      const metadata = { a: 'x'.repeat(DEFAULT_LIMITS.metadataBytes / 2) };
      const setMetadata = { b: 'x'.repeat(DEFAULT_LIMITS.metadataBytes / 2) };
      await refused({ sessionId: 'a', create: {}, metadata, setMetadata }, { name: 'InvalidInputError' });
    });

    it('is spawned by a message and a tool call of its parent', async () => {
      await store.create({ id: 'p', messages: [say('')] });
      const spawnedBy = { messageId: 'p:0', toolCallId: 'c1' };
      const { session } = await write({ sessionId: 'a', create: { parentId: 'p', spawnedBy } });
      expect(session.spawnedBy).toEqual({ sessionId: 'p', messageId: 'p:0', toolCallId: 'c1' });
    });

    it('comes from another session with the copies at the beginning of its messages, which need not be there', async () => {
      const usage = { inputTokens: 1, outputTokens: 1 };
      const copy = say('copy', { isCopy: true, usage });
      const origin = { sessionId: 'gone', messageId: 'gone:7' };
      const forked = async (
        sessionId: string,
        forkedFrom: CreateIfMissing['forkedFrom'],
        ...messages: NewMessage[]
      ) => (await write({ sessionId, create: { forkedFrom }, messages })).session;
      await forked('a', origin, copy, copy, say('own', { usage }), copy);
      await forked('b', { sessionId: 'a' }, copy);
      await forked('c', { sessionId: 'a' }, say('own'));
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        expect(await store.find('a')).toMatchObject({
          forkedFrom: { sessionId: 'gone', messageId: 'gone:7', historyLength: 2 },
          usage,
        });
        const fromA = (historyLength: number) => ({
          forkedFrom: { sessionId: 'a', messageId: null, historyLength },
        });
        expect(await store.find('b')).toMatchObject(fromA(1));
        expect(await store.find('c')).toMatchObject(fromA(0));
        expect(await store.repository.countForks([{ sessionId: 'gone' }, { sessionId: 'a' }])).toEqual([
          1, 2,
        ]);
      }
    });

    it('with the version 0 is done only where there is none', async () => {
      const first = { create: {}, messages: [say('first')], expectedVersion: 0 };
      for (const named of [{ sessionId: 'a' }, { key: 'k' }]) {
        const { session, isNew } = await write({ ...named, ...first });
        expect({ isNew, version: session.version }).toEqual({ isNew: true, version: 1 });
        await refused(
          { ...named, ...first },
          { name: 'ConflictError', reason: 'VERSION', expectedVersion: 0, actualVersion: 1 },
        );
      }
    });

    it('with any other version is refused where there is none', async () => {
      const conflict = { name: 'ConflictError', reason: 'VERSION', expectedVersion: 2, actualVersion: 0 };
      await refused({ sessionId: 'a', create: {}, expectedVersion: 2 }, conflict);
      await refused({ key: 'k', create: {}, expectedVersion: 2 }, conflict);
    });

    it('does not bring a deleted id back; the key of a deleted session is free', async () => {
      await store.create({ id: 'a', key: 'k' });
      await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' });
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        await refused({ sessionId: 'a', create: {} }, { name: 'SessionExistsError', sessionId: 'a' });
      }
      const { session, isNew } = await write({ key: 'k', create: {} });
      expect(isNew).toBe(true);
      expect(session.id).not.toBe('a');
    });

    it('drops nothing of a new history, and refuses to keep what is not there', async () => {
      expect(await write({ sessionId: 'a', create: {}, dropLast: 3, messages: [say('x')] })).toMatchObject({
        isNew: true,
        removedCount: 0,
        session: { historyLength: 1 },
      });
      expect(await write({ sessionId: 'b', create: {}, keep: 0 })).toMatchObject({ isNew: true });
      for (const [end, member] of [
        [{ keep: 1 }, 'keep'],
        [{ keepThroughKey: 'k' }, 'keepThroughKey'],
      ] as const)
        await refused(
          { sessionId: 'c', create: {}, ...end },
          { name: 'InvalidInputError', issues: [{ path: ['input', member] }] },
        );
    });

    it('at once by one key makes one session with the messages of all', async () => {
      const turns = Array.from({ length: 100 }, (_, n) => `${n}`);
      const written = await Promise.all(
        turns.map((content) => write({ key: 'k', create: {}, messages: [say(content, { key: content })] })),
      );
      expect(written.map(({ isNew }) => isNew)).toEqual(turns.map((_, n) => n === 0));
      const [{ session }] = written as [(typeof written)[0]];
      expect(new Set(written.map((each) => each.session.id)).size).toBe(1);
      expect(await store.repository.count({})).toBe(1);
      expect((await contentsOf(store, session.id)).toSorted()).toEqual(turns.toSorted());
      expect(await store.find(session.id)).toMatchObject({ version: 100, historyLength: 100 });
      for (const { messages } of written)
        expect(messages).toEqual([(await historyOf(store, session.id))[messages[0]!.position]]);
    });

    it('at once by one id makes one session with the messages of all', async () => {
      const written = await Promise.all(
        Array.from({ length: 30 }, (_, n) => write({ sessionId: 'a', create: {}, messages: [say(`${n}`)] })),
      );
      expect(written.filter(({ isNew }) => isNew).length).toBe(1);
      expect(await store.find('a')).toMatchObject({ version: 30, historyLength: 30 });
    });

    it('at once with the version 0 lets one win', async () => {
      const settled = await Promise.allSettled(
        Array.from({ length: 10 }, () =>
          write({ key: 'k', create: {}, messages: [say('')], expectedVersion: 0 }),
        ),
      );
      expect(settled.filter(({ status }) => status === 'fulfilled').length).toBe(1);
      for (const each of settled)
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ name: 'ConflictError' });
      expect(await store.repository.count({})).toBe(1);
    });

    it('by a key writes to a session that has it, also while sessions with the key are deleted', async () => {
      const turn = () => write({ key: 'k', create: {}, messages: [say('', { key: null })], title: 'T' });
      const rounds = Array.from({ length: 20 }, async () => {
        const { session } = await turn();
        await Promise.all([
          turn(),
          store.repository.delete({ sessionId: session.id, mode: 'RESTRICT' }).catch(({ name }) => {
            expect(name).toBe('SessionNotFoundError');
          }),
          turn(),
        ]);
      });
      await Promise.all(rounds);
      const [kept] = await store.repository.findByKeys([{ key: 'k', ownerId: null }]);
      expect(await store.repository.count({})).toBe(kept ? 1 : 0);
    });
  });
}
