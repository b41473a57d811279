import { describe, expect, it } from 'vitest';
import { ForbiddenError } from '../../../src/model/errors.ts';
import { operationOf } from '../../../src/model/operation.ts';
import { NO_USAGE } from '../../../src/model/usage.ts';
import { ALL, conversation, idsOf, type OpenStore, PLENTY_OF_BYTES, say, WHOLE } from './store.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function describeCreate(store: OpenStore): void {
  describe('creating a session', () => {
    it('of which nothing is said makes an empty root, created and last active now', async () => {
      const before = Date.now();
      const session = await store.create();
      const after = Date.now();
      expect(session).toEqual({
        id: expect.stringMatching(UUID_V7),
        sequence: expect.any(Number),
        arrival: expect.any(Number),
        parentId: null,
        rootId: session.id,
        depth: 0,
        childCount: 0,
        userId: null,
        key: null,
        title: null,
        agentName: null,
        project: null,
        status: 'IDLE',
        statusMessage: null,
        statusChangedAt: session.createdAt,
        spawnedBy: null,
        metadata: {},
        metadataBytes: 2,
        createdAt: expect.any(Date),
        lastActiveAt: session.createdAt,
        treeLastActiveAt: session.createdAt,
        updatedAt: session.createdAt,
        usage: NO_USAGE,
        messageCount: 0,
        historyLength: 0,
        version: 1,
        damage: [],
        archivedAt: null,
        forkedFrom: null,
      });
      expect(session.createdAt.getTime()).toBeGreaterThanOrEqual(before);
      expect(session.createdAt.getTime()).toBeLessThanOrEqual(after);
      expect(await store.find(session.id)).toEqual(session);
    });

    it('keeps what is given', async () => {
      const given = {
        id: 'Planner.main_1-x',
        userId: 'üser@example.org',
        title: 'Plän "A"\n<b>\u2028\u0001 😀',
        agentName: 'planner',
        project: '/home/üser/code',
        status: 'WAITING' as const,
        statusMessage: 'which of the two?',
        metadata: { n: 1.5, text: 'ä', list: [1, null, { a: [] }], yes: true, none: null },
        createdAt: new Date('2020-02-29T12:34:56.789Z'),
        lastActiveAt: new Date('2021-01-01T00:00:00.001Z'),
      };
      const session = await store.create(given);
      expect(session).toMatchObject(given);
      expect(session.metadataBytes).toBe(Buffer.byteLength(JSON.stringify(given.metadata)));
      expect(await store.find(given.id)).toEqual(session);
    });

    it('keeps __proto__ in metadata as a key', async () => {
      const metadata = JSON.parse('{"__proto__":{"a":1}}');
      await store.create({ id: 'a', metadata });
      expect(JSON.stringify((await store.find('a')).metadata)).toBe('{"__proto__":{"a":1}}');
    });

    it('that was made at another time was last active then', async () => {
      const createdAt = new Date('1999-12-31T23:59:59.999Z');
      const session = await store.create({ createdAt, messages: [say('old')] });
      expect(session).toMatchObject({ createdAt, lastActiveAt: createdAt });
    });

    it('whose messages bring their times was last active at the latest of them', async () => {
      const [early, late] = [new Date('2001-01-01'), new Date('2002-01-01')];
      const messages = [say('', { createdAt: late }), say('', { createdAt: early })];
      expect(await store.create({ createdAt: early, messages })).toMatchObject({ lastActiveAt: late });
      expect(await store.create({ createdAt: early, messages: [...messages, say('')] })).toMatchObject({
        lastActiveAt: early,
      });
      const given = { createdAt: early, lastActiveAt: early, messages };
      expect(await store.create(given)).toMatchObject({ lastActiveAt: early });
    });

    it('was not active before the time at which it was made, if that is given', async () => {
      const [early, late] = [new Date('2001-01-01'), new Date('2002-01-01')];
      const given = { createdAt: late, lastActiveAt: early };
      const expected = { createdAt: late, lastActiveAt: late };
      expect(await store.create({ id: 'a', ...given })).toMatchObject(expected);
      expect(await store.find('a')).toMatchObject(expected);
      expect(await store.create({ parentId: 'a', ...given })).toMatchObject(expected);
      const write = { sessionId: 'b', create: given, messages: [say('', { createdAt: early })] };
      const { session } = await store.repository.writeHistory(write, WHOLE);
      expect(session).toMatchObject(expected);
      // What came here now may have been active elsewhere.
      expect(await store.create({ lastActiveAt: early })).toMatchObject({ lastActiveAt: early });
    });

    it('gives each a sequence number that no other has', async () => {
      const sequences = new Set<number>();
      for (let index = 0; index < 5; index += 1) sequences.add((await store.create()).sequence);
      expect(sequences.size).toBe(5);
    });

    it('takes its messages in with it', async () => {
      const before = Date.now();
      const session = await store.create({ id: 'a', messages: conversation(5) });
      expect(session).toMatchObject({ version: 1, historyLength: 5, messageCount: 2 });
      const [page] = await store.repository.historyOf([{ sessionId: 'a', page: ALL }], PLENTY_OF_BYTES);
      expect(page!.items.map(({ content }) => content)).toEqual(['0', '1', '2', '3', '4']);
      expect(page!.items.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2, 3, 4]);
      for (const { createdAt } of page!.items) {
        expect(createdAt.getTime()).toBeGreaterThanOrEqual(before);
        expect(createdAt.getTime()).toBeLessThanOrEqual(Date.now());
      }
    });

    it('refuses an id that a session has, and leaves that session as it is', async () => {
      const first = await store.create({ id: 'a', title: 'first' });
      await expect(store.create({ id: 'a', title: 'second' })).rejects.toMatchObject({
        name: 'SessionExistsError',
        sessionId: 'a',
      });
      expect(await store.find('a')).toEqual(first);
      expect(await store.repository.count({})).toBe(1);
    });

    it('refuses an id that a deleted session had', async () => {
      await store.chain('a', 'b');
      await store.repository.delete({ sessionId: 'a', mode: 'CASCADE' });
      for (const id of ['a', 'b'])
        await expect(store.create({ id })).rejects.toMatchObject({
          name: 'SessionExistsError',
          sessionId: id,
        });
      expect(await store.repository.count({})).toBe(0);
    });
  });

  describe('spawning a session', () => {
    it('makes it a child, one level down, in the tree of its parent', async () => {
      await store.chain('root', 'child');
      const grandchild = await store.create({ id: 'grandchild', parentId: 'child' });
      expect(grandchild).toMatchObject({ parentId: 'child', rootId: 'root', depth: 2 });
      expect(await store.find('grandchild')).toEqual(grandchild);
      expect(await store.find('child')).toMatchObject({ parentId: 'root', rootId: 'root', depth: 1 });
    });

    it('changes nothing in the parent but the count of its children, and the activity in its tree', async () => {
      const parent = await store.create({ id: 'parent', createdAt: new Date('2020-01-01') });
      await store.create({ id: 'child', parentId: 'parent', messages: conversation(2) });
      const { lastActiveAt } = await store.create({ parentId: 'child' });
      expect(await store.find('parent')).toEqual({
        ...parent,
        childCount: 1,
        treeLastActiveAt: lastActiveAt,
      });
    });

    it("takes the parent's userId unless it is given one, or none with null", async () => {
      await store.create({ id: 'root', userId: 'ann' });
      await store.create({ id: 'same', parentId: 'root' });
      await store.create({ id: 'none', parentId: 'root', userId: null });
      await store.create({ id: 'other', parentId: 'same', userId: 'bob' });
      await store.create({ id: 'as-other', parentId: 'other' });
      await store.create({ id: 'nobody' });
      await store.create({ id: 'as-nobody', parentId: 'nobody' });
      const found = await store.repository.findMany(['same', 'other', 'as-other', 'as-nobody', 'none']);
      expect(found.map((session) => session?.userId)).toEqual(['ann', 'bob', 'bob', null, null]);
    });

    it("takes the parent's project unless it is given one, or none with null", async () => {
      await store.create({ id: 'root', project: 'ours', agentName: 'planner' });
      await store.create({ id: 'same', parentId: 'root' });
      await store.create({ id: 'none', parentId: 'root', project: null });
      await store.create({ id: 'other', parentId: 'same', project: 'theirs' });
      const found = await store.repository.findMany(['same', 'none', 'other']);
      expect(found.map((session) => session?.project)).toEqual(['ours', null, 'theirs']);
      expect(found.map((session) => session?.agentName)).toEqual([null, null, null]);
    });

    it('keeps the message and the tool call that spawned it, also after a move', async () => {
      await store.create({ id: 'root', messages: [say('spawn')] });
      await store.create({ id: 'other' });
      const spawnedBy = { messageId: 'root:0', toolCallId: 'call "1"' };
      const session = await store.create({ id: 'child', parentId: 'root', spawnedBy });
      expect(session.spawnedBy).toEqual({ sessionId: 'root', ...spawnedBy });
      await store.create({ id: 'sibling', parentId: 'root', spawnedBy: { toolCallId: 'c' } });
      expect((await store.find('sibling')).spawnedBy).toEqual({
        sessionId: 'root',
        messageId: null,
        toolCallId: 'c',
      });
      await store.repository.move({ sessionId: 'child', parentId: 'other' });
      expect((await store.find('child')).spawnedBy).toEqual({ sessionId: 'root', ...spawnedBy });
    });

    it.each([
      ['a message of another session', 'root', { messageId: 'other:0' }],
      ['any origin for a root', null, { toolCallId: 'c' }],
    ])('refuses as what spawned it: %s', async (_what, parentId, spawnedBy) => {
      await store.create({ id: 'root' });
      await expect(store.create({ id: 'a', parentId, spawnedBy })).rejects.toMatchObject({
        name: 'InvalidInputError',
        issues: [{ path: expect.arrayContaining(['input', 'spawnedBy']) }],
      });
      expect(idsOf(await store.repository.findMany(['a']))).toEqual([null]);
    });

    it.each(['missing', 'deleted', 'itself'])('refuses a parent that is not there: %s', async (parentId) => {
      await store.create({ id: 'deleted' });
      await store.repository.delete({ sessionId: 'deleted', mode: 'RESTRICT' });
      await expect(store.create({ id: 'itself', parentId })).rejects.toMatchObject({
        name: 'SessionNotFoundError',
        sessionId: parentId,
      });
      expect(idsOf(await store.repository.findMany(['itself']))).toEqual([null]);
      expect(await store.create({ id: 'itself' })).toMatchObject({ parentId: null });
    });

    it('asks `admit` before it makes one, and of nothing else', async () => {
      const { repository } = store;
      const refuse = () => {
        throw new ForbiddenError('no place');
      };
      await store.create({ id: 'there', key: 'k' });
      const operation = operationOf('again', 'createSession', {});
      await repository.create({ id: 'done' }, operation);
      const limits = { messages: null, removed: null };
      for (const make of [
        () => repository.create({ id: 'a', admit: refuse }),
        () => repository.getOrCreate({ id: 'a', admit: refuse }),
        () => repository.fork({ sessionId: 'there', id: 'a', asRoot: true, admit: refuse }),
        () => repository.writeHistory({ sessionId: 'a', create: {}, admit: refuse }, limits),
      ])
        await expect(make()).rejects.toMatchObject({ message: 'no place' });
      expect(idsOf(await repository.findMany(['a']))).toEqual([null]);

      expect(await repository.create({ id: 'done', admit: refuse }, operation)).toMatchObject({ id: 'done' });
      expect(await repository.getOrCreate({ key: 'k', admit: refuse })).toMatchObject({ isNew: false });
      const written = { sessionId: 'there', create: {}, title: 't', admit: refuse };
      expect(await repository.writeHistory(written, limits)).toMatchObject({ isNew: false });
    });
  });
}
