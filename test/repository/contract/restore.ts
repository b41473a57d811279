import { describe, expect, it } from 'vitest';
import type { RestoreSession } from '../../../src/repository/mutations.ts';
import { conversation, historyOf, idsOf, MUCH, type OpenStore, RETURNS, say, WHOLE } from './store.ts';

export function describeRestore(store: OpenStore): void {
  /** The input that copies a session of the store itself under another id, without its key. */
  async function copyOf(sessionId: string, id: string): Promise<RestoreSession> {
    const session = await store.find(sessionId);
    const messages = await historyOf(store, sessionId);
    const [details] = await store.repository.copyDetailsOf([sessionId]);
    return {
      ...session,
      ...details!,
      metadata: await store.metadataOf(sessionId),
      id,
      key: null,
      async *messages() {
        yield* messages;
      },
    };
  }

  const usage = (inputTokens: number, costUsd?: number) => ({ inputTokens, outputTokens: 1, costUsd });
  const reports = (within: string) =>
    store.repository.usageReport({ by: ['DAY', 'MODEL', 'USER'], within, subtree: false });

  /** A fork, that has been through every mutation. */
  async function makeOriginal(): Promise<void> {
    const { repository } = store;
    await store.create({
      id: 'origin',
      userId: 'ada',
      messages: [
        say('copied', { usage: usage(1_000, 9), key: 'c' }),
        say('copied, then replaced', { usage: usage(1_000, 9), key: 'r' }),
        say('copied, then dropped', { usage: usage(1_000, 9) }),
      ],
    });
    await repository.fork({ sessionId: 'origin', id: 'a', asRoot: false, key: 'k' });
    await repository.append({
      sessionId: 'a',
      messages: [
        say('dropped', { usage: usage(1, 0.1), model: 'm', createdAt: new Date('2026-01-02T03:04:05.006Z') }),
        say('dropped', { usage: usage(2, 0.2), model: 'm', createdAt: new Date('2026-01-02T04:04:05.006Z') }),
        say('dropped', { usage: usage(4) }),
      ],
    });
    await repository.append({
      sessionId: 'a',
      messages: [say('replaced', { key: 'r', usage: usage(8, 0.4), model: 'n' })],
      onKey: 'REPLACE',
    });
    await repository.truncate({ sessionId: 'a', keep: 2 }, MUCH);
    await repository.append({
      sessionId: 'a',
      messages: [
        say('', {
          role: 'ASSISTANT',
          reasoning: 'hm',
          toolCalls: [
            { toolCallId: 't', name: 'n', arguments: JSON.parse('{"__proto__":"\\u0000\\ud800"}') },
          ],
        }),
        say('', { role: 'TOOL', toolCallId: 't', isError: true, payload: 0, metadata: { a: null } }),
        say('an event', { role: 'EVENT', kind: 'e', name: 'n', usage: { ...usage(3), cacheReadTokens: 2 } }),
      ],
    });
    await repository.append({ sessionId: 'a', messages: [say('last dropped')] });
    await repository.truncate({ sessionId: 'a', keep: 5 }, MUCH);
    await repository.update({
      sessionId: 'a',
      title: 't\n',
      agentName: 'planner',
      project: 'p',
      status: 'WAITING',
      statusMessage: 'w',
      spawnedBy: { toolCallId: 'x' },
      metadata: JSON.parse('{"__proto__":{"b":[1e21]},"ä":"😀"}'),
    });
    await repository.archive({ sessionId: 'a', archived: true, subtree: false, archivedAt: new Date(5) });
  }

  describe('restoring a session', () => {
    it.each(['at once', ...RETURNS] as const)('gives all that the original has: %s', async (how) => {
      await makeOriginal();
      const { nextOrdinal, paid } = (await store.repository.copyDetailsOf(['a']))[0]!;
      expect(nextOrdinal).toBe(10);
      expect(
        paid.map(({ day, model, responseCount, usage: { costUsd } }) => [day, model, responseCount, costUsd]),
      ).toEqual([
        ['2026-01-02', 'm', 2, '0.3'],
        [expect.any(String), 'n', 1, '0.4'],
        [expect.any(String), null, 2, null],
      ]);
      const restored = await store.repository.restore({ ...(await copyOf('a', 'b')), parentId: null });
      const original = await store.find('a');
      const own = [
        'id',
        'key',
        'parentId',
        'rootId',
        'depth',
        'sequence',
        'arrival',
        'treeLastActiveAt',
      ] as const;
      const others = Object.fromEntries(own.map((member) => [member, expect.anything()]));
      const treeLastActiveAt = original.lastActiveAt;
      const expected = {
        ...original,
        ...others,
        id: 'b',
        key: null,
        parentId: null,
        rootId: 'b',
        depth: 0,
        treeLastActiveAt,
      };
      expect(restored).toEqual(expected);
      if (how !== 'at once') await store.comeBack(how);
      expect(await store.find('b')).toEqual(expected);
      expect(await historyOf(store, 'b')).toEqual(
        (await historyOf(store, 'a')).map((message) => ({ ...message, sessionId: 'b' })),
      );
      expect(await store.repository.copyDetailsOf(['b', 'none'])).toEqual([{ nextOrdinal, paid }, null]);
      expect(await reports('b')).toEqual(await reports('a'));
      const keyed = { key: 'r', sessionId: 'b' };
      const [message] = await store.repository.findMessagesByKey([keyed], MUCH.bytes);
      expect(message).toMatchObject({ ordinal: 1, content: 'replaced', isCopy: false });
      const [result] = await store.repository.findToolResults(
        [{ sessionId: 'b', ordinal: 6, toolCallId: 't' }],
        MUCH.bytes,
      );
      expect(result).toMatchObject({ ordinal: 7, isError: true });
      expect((await store.repository.status()).quarantined).toEqual([]);
    });

    it.each(RETURNS)('goes on where the original was, also once it is %s', async (how) => {
      await makeOriginal();
      await store.repository.restore(await copyOf('a', 'b'));
      for (const sessionId of ['a', 'b']) {
        await store.repository.fork({ sessionId, id: `${sessionId}-early`, asRoot: true });
        await store.repository.archive({ sessionId, archived: false, subtree: false });
        await store.repository.append({
          sessionId,
          messages: [say('next', { usage: usage(5, 0.5), createdAt: new Date(0) })],
        });
        const replaced = say('again', { key: 'r', usage: usage(1), createdAt: new Date(0) });
        await store.repository.writeHistory(
          { sessionId, messages: [replaced], onKey: 'REPLACE', dropLast: 1 },
          WHOLE,
        );
        await store.repository.fork({ sessionId, id: `${sessionId}-fork`, asRoot: true });
        await store.repository.move({ sessionId, parentId: null });
      }
      await store.comeBack(how);
      const [a, b] = [await store.find('a'), await store.find('b')];
      expect(b).toMatchObject({
        version: a.version,
        historyLength: 5,
        usage: a.usage,
        archivedAt: null,
        status: 'WAITING',
      });
      const positions = async (id: string) =>
        (await historyOf(store, id)).map(({ ordinal, content, isCopy }) => [ordinal, content, isCopy]);
      expect(await positions('b')).toEqual(await positions('a'));
      expect(await positions('b-fork')).toEqual(await positions('a-fork'));
      expect(await positions('b-early')).toEqual(await positions('a-early'));
      expect(await store.repository.copyDetailsOf(['b'])).toEqual(
        await store.repository.copyDetailsOf(['a']),
      );
      expect(await reports('b')).toEqual(await reports('a'));
      for (const id of ['b-fork', 'b-early'])
        expect((await historyOf(store, id)).map(({ replacedAt }) => replacedAt)).toEqual(Array(5).fill(null));
    });

    it('gives a session that was only created its version, and its usage where no sum is given', async () => {
      await store.create({ id: 'a', messages: [say('', { usage: usage(1, 0.25) }), say('')] });
      const restored = await store.repository.restore({ ...(await copyOf('a', 'b')), paid: null });
      expect(restored).toMatchObject({ version: 1, usage: { inputTokens: 1, costUsd: 0.25 } });
      await store.comeBack('rebuilt');
      expect(await store.find('b')).toEqual(restored);
      await store.repository.update({ sessionId: 'b', title: 'x', expectedVersion: 1 });
    });

    it.each(RETURNS)('writes long histories, which are there once the store is %s', async (how) => {
      const messages = conversation(2_500).map((message) => ({
        ...message,
        content: message.content.padEnd(400),
      }));
      await store.create({ id: 'a', messages });
      await store.repository.truncate({ sessionId: 'a', keep: 2_400 }, MUCH);
      await store.repository.append({ sessionId: 'a', messages: conversation(10) });
      await store.repository.restore(await copyOf('a', 'b'));
      await store.comeBack(how);
      const history = await historyOf(store, 'b');
      expect(history).toEqual(
        (await historyOf(store, 'a')).map((message) => ({ ...message, sessionId: 'b' })),
      );
      expect(history.at(-1)).toMatchObject({ ordinal: 2_509, position: 2_409 });
    });

    it('puts the session last under its parent, which may be archived, and finds its words', async () => {
      await store.create({ id: 'p' });
      await store.create({ id: 'a', parentId: 'p', messages: [say('unheard-of')] });
      await store.repository.archive({ sessionId: 'p', archived: true, subtree: true });
      await store.repository.restore(await copyOf('a', 'b'));
      const [children] = await store.repository.childrenOf([
        { parentId: 'p', page: { limit: 9, from: 'start' } },
      ]);
      expect(idsOf(children!.items)).toEqual(['a', 'b']);
      const { hits } = await store.repository.search({ query: 'unheard', within: 'b', limit: 9 });
      expect(hits).toMatchObject([{ sessionId: 'b', ordinal: 0 }]);
    });

    it('is told to those who watch the tree as a creation', async () => {
      await makeOriginal();
      const after = await store.repository.mark();
      await store.repository.restore(await copyOf('a', 'b'));
      const { changes } = await store.repository.changesSince({ after, within: 'origin', limit: 9 });
      expect(changes).toMatchObject([
        { kind: 'CREATED', sessionId: 'b' },
        { kind: 'APPENDED', sessionId: 'b', fromPosition: 0 },
      ]);
    });

    it('is refused where an id or a key is taken, or the parent is not there', async () => {
      await store.create({ id: 'a', key: 'k' });
      await store.create({ id: 'gone' });
      await store.repository.delete({ sessionId: 'gone', mode: 'RESTRICT' });
      const copy = await copyOf('a', 'b');
      for (const [change, error] of [
        [{ id: 'a' }, { name: 'SessionExistsError', sessionId: 'a' }],
        [{ id: 'gone' }, { name: 'SessionExistsError', sessionId: 'gone' }],
        [{ key: 'k' }, { name: 'SessionExistsError', key: 'k' }],
        [{ parentId: 'none' }, { name: 'SessionNotFoundError', sessionId: 'none' }],
      ] as const)
        await expect(store.repository.restore({ ...copy, ...change })).rejects.toMatchObject(error);
      expect(await store.repository.count({})).toBe(1);
    });

    it('leaves nothing behind where its messages are not as announced, or end in an error', async () => {
      await store.create({ id: 'a', messages: conversation(3) });
      const copy = await copyOf('a', 'b');
      const failure = new Error('the source broke');
      const long = {
        role: 'USER',
        content: 'x'.repeat(300_000),
        createdAt: new Date(0),
        replacedAt: null,
      } as const;
      async function* broken() {
        yield { ...long, ordinal: 0 };
        yield { ...long, ordinal: 1 };
        throw failure;
      }
      async function* sameKeys() {
        yield { ...long, ordinal: 0, key: 'k' };
        yield { ...long, ordinal: 1, key: 'k' };
      }
      for (const historyLength of [2, 4])
        await expect(store.repository.restore({ ...copy, historyLength })).rejects.toMatchObject({
          name: 'InvalidInputError',
        });
      await expect(store.repository.restore({ ...copy, messages: broken })).rejects.toBe(failure);
      const twice = { ...copy, historyLength: 2, messages: sameKeys };
      await expect(store.repository.restore(twice)).rejects.toThrow('two with "k"');
      await store.comeBack('rebuilt');
      expect(await store.repository.findMany(['b'])).toEqual([null]);
      expect(await store.repository.status()).toMatchObject({ sessionCount: 1, quarantined: [] });
      expect((await store.repository.restore(copy)).historyLength).toBe(3);
    });
  });
}
