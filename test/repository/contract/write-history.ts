import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/model/limits.ts';
import { NO_TEXTS } from '../../../src/model/message.ts';
import type { WriteHistory } from '../../../src/repository/mutations.ts';
import { type ReadLimit, ReadTooLargeError } from '../../../src/repository/reads.ts';
import { everything } from './everything.ts';
import {
  contentsOf,
  conversation,
  historyOf,
  MUCH,
  type OpenStore,
  operation,
  RETURNS,
  say,
  WHOLE,
} from './store.ts';

export function describeWriteHistory(store: OpenStore): void {
  const write = (input: WriteHistory) => store.repository.writeHistory(input, WHOLE);
  /** A session "a" with messages "0", "1" and so on, whose keys are "k0", "k1" and so on. */
  const createKeyed = (count: number) =>
    store.create({
      id: 'a',
      key: 'A',
      messages: conversation(count).map((message, n) => ({ ...message, key: `k${n}` })),
    });

  describe('writing to the history of a session', () => {
    it('names it by its id, or by its key among the sessions of the owner', async () => {
      await store.create({ id: 'nobody', key: 'k' });
      await store.create({ id: 'ann', userId: 'ann', key: 'k' });
      await store.create({ id: 'below', parentId: 'ann', userId: 'bob', key: 'l' });
      const messages = [say('hi')];
      const idOf = async (named: WriteHistory) => (await write({ ...named, messages })).session.id;
      expect(await idOf({ sessionId: 'below' })).toBe('below');
      expect(await idOf({ key: 'k' })).toBe('nobody');
      expect(await idOf({ key: 'k', ownerId: 'ann' })).toBe('ann');
      expect(await idOf({ key: 'l', ownerId: 'ann' })).toBe('below');
      await expect(write({ key: 'l', ownerId: 'bob', messages })).rejects.toMatchObject({
        name: 'SessionNotFoundError',
        sessionId: null,
        key: 'l',
      });
    });

    it('is refused where there is no such session, and none is to be created', async () => {
      await store.create({ id: 'gone', key: 'gone' });
      await store.repository.delete({ sessionId: 'gone', mode: 'RESTRICT' });
      for (const id of ['missing', 'gone']) {
        const unknown = { name: 'SessionNotFoundError' };
        await expect(write({ sessionId: id, messages: [] })).rejects.toMatchObject({
          ...unknown,
          sessionId: id,
          key: null,
        });
        await expect(write({ key: id, expectedVersion: 0 })).rejects.toMatchObject({ ...unknown, key: id });
      }
      expect(await store.repository.count({})).toBe(0);
    });

    it('does everything in one version: drops, writes, and changes the title, the status and the metadata', async () => {
      await createKeyed(4);
      const { session, isNew, removed, removedCount, messages } = await write({
        sessionId: 'a',
        dropLast: 2,
        messages: [say('q'), say('r', { role: 'ASSISTANT', key: 'k3' }), say('s')],
        title: 'T',
        status: 'WAITING',
        statusMessage: 'for a person',
        metadata: { turn: 1 },
        setMetadata: { set: null },
        expectedVersion: 1,
      });
      expect(session).toEqual(await store.find('a'));
      expect(session).toMatchObject({
        version: 2,
        historyLength: 5,
        messageCount: 3,
        title: 'T',
        status: 'WAITING',
        statusMessage: 'for a person',
        metadata: { turn: 1, set: null },
      });
      expect([session.updatedAt, session.statusChangedAt, session.lastActiveAt]).toEqual(
        [1, 2, 3].map(() => messages[0]!.createdAt),
      );
      expect({ isNew, removedCount }).toEqual({ isNew: false, removedCount: 2 });
      expect(removed.map(({ content }) => content)).toEqual(['2', '3']);
      expect(messages).toEqual((await historyOf(store, 'a')).slice(2));
      expect(await contentsOf(store, 'a')).toEqual(['0', '1', 'q', 'r', 's']);
    });

    it.each(RETURNS)('stays as it was answered after the store was %s', async (how) => {
      await createKeyed(4);
      await write({ sessionId: 'a', keep: 3, messages: conversation(3), title: 'T' });
      await write({ key: 'A', dropLast: 1, messages: [say('one', { key: 'k3' })], metadata: { a: [1] } });
      await write({ sessionId: 'a', dropLast: 1, status: 'FAILED', statusMessage: 'x' });
      const before = await everything(store.repository);
      await store.comeBack(how);
      expect(await everything(store.repository)).toEqual(before);
      expect((await store.find('a')).damage).toEqual([]);
    });

    it('numbers messages on from those that were dropped', async () => {
      await createKeyed(3);
      const { messages } = await write({ sessionId: 'a', keep: 1, messages: [say('x'), say('y')] });
      expect(messages).toMatchObject([
        { ordinal: 3, position: 1 },
        { ordinal: 4, position: 2 },
      ]);
      const popped = await write({ sessionId: 'a', dropLast: 1, messages: [say('z')] });
      expect(popped.removed).toMatchObject([{ ordinal: 4, position: 2, content: 'y' }]);
      expect(popped.messages).toMatchObject([{ ordinal: 5, position: 2 }]);
    });

    it('changes nothing that it does not name', async () => {
      await store.create({ id: 'a', title: 'T', status: 'RUNNING', statusMessage: 'm', metadata: { a: 1 } });
      const before = await store.find('a');
      const { session } = await write({ sessionId: 'a', messages: [say('hi')] });
      expect(session).toEqual({
        ...before,
        historyLength: 1,
        messageCount: 1,
        version: 2,
        updatedAt: session.updatedAt,
        lastActiveAt: session.updatedAt,
        treeLastActiveAt: session.updatedAt,
      });
    });

    it('without messages leaves the session as active as it was', async () => {
      await createKeyed(2);
      const { lastActiveAt } = await store.find('a');
      const { session } = await write({ sessionId: 'a', dropLast: 1, status: 'RUNNING', title: 'T' });
      expect(session).toMatchObject({ lastActiveAt, version: 2, historyLength: 1 });
    });

    it('removes a title and a status message with null, and a status message with another status', async () => {
      const about = { title: 'T', status: 'RUNNING', statusMessage: 'm' } as const;
      await store.create({ id: 'a', ...about });
      const after = async (change: WriteHistory) =>
        (await write({ sessionId: 'a', messages: [say('')], ...change })).session;
      expect(await after({ title: null })).toMatchObject({ ...about, title: null });
      expect(await after({ statusMessage: null })).toMatchObject({ status: 'RUNNING', statusMessage: null });
      expect(await after({ statusMessage: 'n' })).toMatchObject({ status: 'RUNNING', statusMessage: 'n' });
      expect(await after({ status: 'FAILED' })).toMatchObject({ status: 'FAILED', statusMessage: null });
    });

    it('merges metadata, and sets whole values of setMetadata with their nulls', async () => {
      await store.create({ id: 'a', metadata: { stays: 1, goes: 2, deep: { a: 1, b: 2 }, whole: { a: 1 } } });
      const { session } = await write({
        sessionId: 'a',
        metadata: { goes: null, deep: { a: null } },
        setMetadata: { whole: { b: null } },
      });
      expect(session.metadata).toEqual({ stays: 1, deep: { b: 2 }, whole: { b: null } });
    });
  });

  describe('dropping the end of a history with a write', () => {
    const left = async (end: Pick<WriteHistory, 'keep' | 'keepThroughKey' | 'dropLast'>) => {
      const { removed, removedCount } = await write({ sessionId: 'a', ...end });
      expect(removed.length).toBe(removedCount);
      return await contentsOf(store, 'a');
    };

    it('keeps so many', async () => {
      await createKeyed(4);
      expect(await left({ keep: 3 })).toEqual(['0', '1', '2']);
      expect(await left({ keep: 3 })).toEqual(['0', '1', '2']);
      expect(await left({ keep: 0 })).toEqual([]);
    });

    it('keeps all through the message with a key', async () => {
      await createKeyed(4);
      expect(await left({ keepThroughKey: 'k3' })).toEqual(['0', '1', '2', '3']);
      expect(await left({ keepThroughKey: 'k1' })).toEqual(['0', '1']);
      expect(await left({ keepThroughKey: 'k0' })).toEqual(['0']);
    });

    it('drops so many, or all where there are fewer', async () => {
      await createKeyed(4);
      expect(await left({ dropLast: 0 })).toEqual(['0', '1', '2', '3']);
      expect(await left({ dropLast: 1 })).toEqual(['0', '1', '2']);
      expect(await left({ dropLast: 9 })).toEqual([]);
      expect(await left({ dropLast: 1 })).toEqual([]);
    });

    it.each([
      [{ keep: 4 }, 'keep', 'expected at most 3, the length of the history, got 4'],
      [{ keepThroughKey: 'k9' }, 'keepThroughKey', 'expected the key of a message of the history, got "k9"'],
      [{ keepThroughKey: 'k3' }, 'keepThroughKey', 'expected the key of a message of the history, got "k3"'],
    ])('is refused where there is no such end: %j', async (end, member, message) => {
      await createKeyed(4);
      await write({ sessionId: 'a', keep: 3 });
      const before = await everything(store.repository);
      await expect(write({ sessionId: 'a', ...end, messages: [say('x')], title: 'T' })).rejects.toMatchObject(
        {
          name: 'InvalidInputError',
          issues: [{ path: ['input', member], message }],
        },
      );
      expect(await everything(store.repository)).toEqual(before);
    });

    it('answers with the first of what was dropped where only so many are asked for, and counts all', async () => {
      await createKeyed(9);
      const shown = { ...NO_TEXTS, content: 1 };
      const limits = { messages: null, removed: { messages: 2, bytes: 2, shown, first: 2 } };
      const input = { sessionId: 'a', keep: 1, messages: [say('new')] };
      const truncated = () => store.repository.writeHistory(input, limits, operation('op', 'write'));
      const first = { removedCount: 8, removed: [{ content: '1' }, { content: '2' }] };
      expect(await truncated()).toMatchObject(first);
      expect(await truncated()).toMatchObject({ ...first, session: { version: 2 } });
    });

    it('reads nothing of what was dropped where nothing is asked for', async () => {
      await createKeyed(3);
      const none = { messages: null, removed: null };
      const dropped = await store.repository.writeHistory({ sessionId: 'a', dropLast: 2 }, none);
      expect(dropped).toMatchObject({ removed: [], removedCount: 2, session: { historyLength: 1 } });
    });

    it('is refused before anything is written where more is dropped than may be read', async () => {
      await store.create({ id: 'a', messages: [say('x'.repeat(1_000)), say('y'.repeat(1_000))] });
      const limits = { messages: null, removed: { messages: 5, bytes: 500 } };
      const input = { sessionId: 'a', keep: 0, messages: [say('z')], title: 'T' };
      await expect(store.repository.writeHistory(input, limits)).rejects.toBeInstanceOf(ReadTooLargeError);
      expect(await store.find('a')).toMatchObject({ historyLength: 2, version: 1, title: null });
    });

    it('is refused where what is dropped and what stays are together more than may be read, also for a retry', async () => {
      const long = [0, 1, 2].map((n) => say('x'.repeat(1_000), { key: `k${n}` }));
      await store.create({ id: 'a', messages: long });
      const before = await everything(store.repository);
      const attempt = (bytes: number, keys: readonly string[], dropLast?: number) => {
        const limit = { messages: 5, bytes };
        const messages = keys.map((key) => say('', { key }));
        return store.repository.writeHistory(
          { sessionId: 'a', dropLast: dropLast ?? null, messages, onKey: 'IGNORE' },
          { messages: limit, removed: limit },
          operation(keys.join(), keys),
        );
      };
      await expect(attempt(1_500, ['k0', 'k1'])).rejects.toBeInstanceOf(ReadTooLargeError);
      await expect(attempt(1_500, ['k0'], 1)).rejects.toBeInstanceOf(ReadTooLargeError);
      expect(await everything(store.repository)).toEqual(before);
      for (const [keys, dropLast] of [[['k0', 'k1']], [['k0'], 1]] as const) {
        expect((await attempt(2_500, keys, dropLast)).removed).toHaveLength(dropLast ?? 0);
        await expect(attempt(1_500, keys, dropLast)).rejects.toBeInstanceOf(ReadTooLargeError);
      }
    });

    it('is refused where a retry asks for more of what was dropped than may be read', async () => {
      await store.create({ id: 'a', messages: conversation(5) });
      const pop = (removed: ReadLimit | null) =>
        store.repository.writeHistory(
          { sessionId: 'a', keep: 0 },
          { messages: null, removed },
          operation('op', 1),
        );
      await pop(null);
      const limit = { messages: 3, bytes: 1_000, shown: null };
      await expect(pop(limit)).rejects.toBeInstanceOf(ReadTooLargeError);
      expect((await pop({ ...limit, first: 2 })).removed).toHaveLength(2);
    });

    it('does not take back what was paid for', async () => {
      const usage = { inputTokens: 10, outputTokens: 5, costUsd: 0.1 };
      await store.create({ id: 'a', messages: [say('1', { usage }), say('2', { usage })] });
      const { session } = await write({ sessionId: 'a', dropLast: 1, messages: [say('3', { usage })] });
      expect(session.usage).toMatchObject({ inputTokens: 30, outputTokens: 15, costUsd: 0.3 });
    });
  });

  describe('a write that changes nothing', () => {
    const SAME: WriteHistory[] = [
      {},
      { messages: [] },
      { keep: 2 },
      { dropLast: 0, messages: [] },
      { keepThroughKey: 'k1' },
      { title: 'T' },
      { status: 'WAITING', statusMessage: 'm' },
      { metadata: { a: { b: 1 } } },
      { metadata: {}, setMetadata: { a: { b: 1, c: 2 } } },
      { setMetadata: { a: { c: 2, b: 1 } } },
      { messages: conversation(2).map((one, n) => ({ ...one, key: `k${n}` })), onKey: 'REPLACE' },
      { messages: [say('other', { key: 'k1' })], onKey: 'IGNORE' },
    ];

    const prepare = async () => {
      await createKeyed(2);
      await store.repository.update({
        sessionId: 'a',
        title: 'T',
        status: 'WAITING',
        statusMessage: 'm',
        metadata: { a: { b: 1, c: 2 } },
      });
    };

    it.each(SAME)('raises no version: %j', async (same) => {
      await prepare();
      const before = await everything(store.repository);
      const { session, removed, removedCount, isNew } = await write({ sessionId: 'a', ...same });
      expect(session).toEqual(await store.find('a'));
      expect(session.version).toBe(2);
      expect([removed, removedCount, isNew]).toEqual([[], 0, false]);
      expect(await everything(store.repository)).toEqual(before);
      await expect(write({ sessionId: 'a', ...same, expectedVersion: 1 })).rejects.toMatchObject({
        name: 'ConflictError',
        reason: 'VERSION',
      });
    });

    it.each(SAME)('is recorded with an operation: %j', async (same) => {
      await prepare();
      const again = (input: string) =>
        store.repository.writeHistory({ sessionId: 'a', ...same }, WHOLE, operation('op', input));
      const first = await again('same');
      await store.repository.append({ sessionId: 'a', messages: [say('later')] });
      await store.repository.update({
        sessionId: 'a',
        title: 'Later',
        status: 'IDLE',
        metadata: { a: null },
      });
      for (const how of [null, ...RETURNS]) {
        if (how) await store.comeBack(how);
        const before = await everything(store.repository);
        const { session, ...answer } = await again('same');
        expect(answer).toEqual({ ...first, session: undefined });
        expect(session).toEqual(await store.find('a'));
        expect(session).toMatchObject({ version: 4, title: 'Later', historyLength: 3 });
        expect(await everything(store.repository)).toEqual(before);
        await expect(again('other')).rejects.toMatchObject({ name: 'ConflictError', reason: 'OPERATION' });
      }
    });
  });

  describe('a write that is refused', () => {
    it.each<[string, WriteHistory, object]>([
      [
        'a key is taken',
        { messages: [say('x'), say('y', { key: 'k0' })] },
        { name: 'ConflictError', reason: 'KEY', key: 'k0' },
      ],
      [
        'the version is another',
        { messages: [say('x')], expectedVersion: 7 },
        { name: 'ConflictError', actualVersion: 1 },
      ],
      [
        'there should be no session',
        { create: {}, messages: [say('x')], expectedVersion: 0 },
        { name: 'ConflictError', expectedVersion: 0, actualVersion: 1 },
      ],
      [
        'the metadata would be too large',
        {
          messages: [say('x')],
          metadata: { a: 'x'.repeat(DEFAULT_LIMITS.metadataBytes / 2) },
          setMetadata: { b: 'x'.repeat(DEFAULT_LIMITS.metadataBytes / 2) },
        },
        { name: 'InvalidInputError' },
      ],
    ])('changes nothing: %s', async (_cause, input, error) => {
      await createKeyed(3);
      const before = await everything(store.repository);
      await expect(
        write({ sessionId: 'a', dropLast: 1, title: 'T', status: 'FAILED', ...input }),
      ).rejects.toMatchObject(error);
      await expect(write({ sessionId: 'a', ...input })).rejects.toMatchObject(error);
      expect(await everything(store.repository)).toEqual(before);
    });

    it.each<WriteHistory>([
      { messages: [say('x')] },
      { messages: [say('x', { key: 'k' })] },
      { dropLast: 1 },
      { title: 'T' },
      { create: {}, messages: [] },
    ])('changes nothing, since the session is archived: %j', async (input) => {
      await createKeyed(2);
      await store.repository.archive({ sessionId: 'a', archived: true, subtree: false });
      const before = await everything(store.repository);
      for (const named of [{ sessionId: 'a' }, { key: 'A' }])
        await expect(write({ ...named, ...input })).rejects.toMatchObject({
          name: 'SessionArchivedError',
          sessionId: 'a',
        });
      expect(await everything(store.repository)).toEqual(before);
      await store.repository.archive({ sessionId: 'a', archived: false, subtree: false });
      await write({ key: 'A', ...input });
    });
  });

  describe('writes of one session at once', () => {
    it('pop a message of their own each', async () => {
      await store.create({ id: 'a', messages: conversation(30) });
      const popped = await Promise.all(
        Array.from({ length: 20 }, () => write({ sessionId: 'a', dropLast: 1 })),
      );
      expect(popped.map(({ removed }) => removed.map(({ content }) => content))).toEqual(
        Array.from({ length: 20 }, (_, n) => [`${29 - n}`]),
      );
      expect(popped.map(({ session }) => session.version)).toEqual(popped.map((_, n) => n + 2));
      expect(await contentsOf(store, 'a')).toEqual(conversation(10).map(({ content }) => content));
    });

    it('with the same expected version let one win', async () => {
      await createKeyed(3);
      const settled = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) =>
          write({ sessionId: 'a', dropLast: 1, messages: [say(`won ${n}`)], expectedVersion: 1 }),
        ),
      );
      expect(settled.map(({ status }) => status)).toEqual(
        settled.map((_, n) => (n === 0 ? 'fulfilled' : 'rejected')),
      );
      expect(settled[9]).toMatchObject({ reason: { name: 'ConflictError', actualVersion: 2 } });
      expect(await contentsOf(store, 'a')).toEqual(['0', '1', 'won 0']);
    });

    it('come in order with appends, updates and truncations that wait with them', async () => {
      await store.create({ id: 'a' });
      const { repository } = store;
      const [, first, , second] = await Promise.all([
        repository.append({ sessionId: 'a', messages: conversation(3) }),
        write({ sessionId: 'a', dropLast: 2, messages: [say('x')], status: 'RUNNING' }),
        repository.update({ sessionId: 'a', title: 'T' }),
        write({ sessionId: 'a', keep: 1, messages: [say('y', { key: 'y' })] }),
        repository.append({ sessionId: 'a', messages: [say('z')] }),
        repository.truncate({ sessionId: 'a', keep: 2 }, MUCH),
      ]);
      expect(first.removed.map(({ content }) => content)).toEqual(['1', '2']);
      expect(second.removed.map(({ content }) => content)).toEqual(['x']);
      expect(second.session).toMatchObject({ title: 'T', status: 'RUNNING', version: 5 });
      expect(await contentsOf(store, 'a')).toEqual(['0', 'y']);
      expect(await store.find('a')).toMatchObject({ version: 7 });
    });
  });
}
