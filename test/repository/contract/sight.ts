import { describe, expect, it } from 'vitest';
import { messageId } from '../../../src/model/id.ts';
import type { Session, SessionFilter, SessionOrder } from '../../../src/model/session.ts';
import type { Sight } from '../../../src/model/sight.ts';
import { naiveList } from './naive.ts';
import { ALL, idsOf, type OpenStore, operation, RETURNS, say } from './store.ts';

const NEWEST: SessionOrder = { field: 'LAST_ACTIVE_AT', direction: 'DESC' };
const ORDERS: readonly SessionOrder[] = [
  NEWEST,
  { field: 'CREATED_AT', direction: 'ASC' },
  { field: 'TREE_LAST_ACTIVE_AT', direction: 'DESC' },
];
const SIGHTS: readonly Sight[] = [
  { ownerId: 'ann', withinId: null },
  { ownerId: 'bob', withinId: null },
  { ownerId: 'nobody', withinId: null },
  { ownerId: null, withinId: null },
  { ownerId: null, withinId: 's3' },
  { withinId: 's4' },
  { ownerId: 'ann', withinId: 's4' },
  { ownerId: 'bob', withinId: 's4' },
  { withinId: 'missing' },
];
const FILTERS: readonly SessionFilter[] = [
  {},
  { archived: 'INCLUDE' },
  { archived: 'ONLY' },
  { userId: 'ann', archived: 'INCLUDE' },
  { userId: 'bob' },
  { rootsOnly: true },
  { rootId: 's0' },
  { rootId: 's4' },
  { parentId: 's1' },
  { parentId: 's0' },
  { keyPrefix: 'k' },
  { metadata: { team: 'red' }, title: 'odd' },
  { project: 'red', statuses: ['RUNNING'] },
  { createdAfter: new Date(Date.UTC(2026, 0, 2)) },
];

/** What a sight is of the sessions of a store, in the simplest implementation. */
function naiveSight(sessions: readonly Session[], { ownerId, withinId }: Sight): Session[] {
  const byId = new Map(sessions.map((session) => [session.id, session]));
  const isBeneath = (session: Session | undefined): boolean =>
    session !== undefined && (session.id === withinId || isBeneath(byId.get(session.parentId ?? '')));
  return sessions.filter(
    (session) =>
      (ownerId === undefined || byId.get(session.rootId)!.userId === ownerId) &&
      (withinId === null || isBeneath(session)),
  );
}

/** To a filter, the top of a subtree is a root with nothing above it. */
function asSeen(session: Session, { withinId }: Sight): Session {
  if (withinId === null) return session;
  return session.id === withinId
    ? { ...session, rootId: withinId, parentId: null, treeLastActiveAt: session.lastActiveAt }
    : { ...session, rootId: withinId };
}

export function describeSight(store: OpenStore): void {
  /** Trees of two users and of nobody, with guests in each. */
  async function populate(): Promise<void> {
    for (let n = 0; n < 30; n += 1)
      await store.create({
        id: `s${n}`,
        parentId: n < 4 ? null : `s${Math.floor((n - 4) / 3)}`,
        userId: [['ann', 'bob', 'ann', null][n % 4]!, null, 'bob', null, 'ann'][n < 4 ? 0 : n % 5]!,
        ...(n % 3 === 0 && { key: `k${n}` }),
        title: n % 2 === 0 ? 'even' : 'odd',
        metadata: n % 3 === 0 ? { team: 'red' } : {},
        project: ['red', 'blue'][n % 2]!,
        status: n % 5 === 0 ? 'RUNNING' : 'IDLE',
        createdAt: new Date(Date.UTC(2026, 0, 1 + (n % 3))),
        messages: [say(`word ${n}`, { role: n % 2 === 0 ? 'USER' : 'ASSISTANT' })],
      });
    for (const sessionId of ['s5', 's9', 's20'])
      await store.repository.archive({ sessionId, archived: true, subtree: false });
  }

  async function all(): Promise<Session[]> {
    const { items } = await store.repository.list({ archived: 'INCLUDE' }, NEWEST, ALL);
    return [...items];
  }

  async function expectRightAnswers(): Promise<void> {
    const sessions = await all();
    const ids = [...sessions.map(({ id }) => id), 'missing'];
    for (const sight of SIGHTS) {
      const about = JSON.stringify(sight);
      const seen = naiveSight(sessions, sight);
      const seenIds = new Set(seen.map(({ id }) => id));
      expect(await store.repository.areInSight(ids, sight), about).toEqual(ids.map((id) => seenIds.has(id)));
      for (const filter of FILTERS)
        for (const order of ORDERS) await expectRightList(seen, { ...filter, sight }, order);
      const status = await store.repository.status(sight);
      expect(status.sessionCount, about).toBe(seen.length);
      expect(status.messageCount, about).toBe(seen.reduce((sum, { messageCount }) => sum + messageCount, 0));
      const { hits } = await store.repository.search({ query: 'word', limit: 100, filter: { sight } });
      expect(hits.map(({ sessionId }) => sessionId).sort(), about).toEqual([...seenIds].sort());
    }
  }

  async function expectRightList(
    seen: readonly Session[],
    filter: SessionFilter,
    order: SessionOrder,
  ): Promise<void> {
    const { sight, archived = 'EXCLUDE', ...rest } = filter;
    const isOfRoots = order.field === 'TREE_LAST_ACTIVE_AT';
    const known = isOfRoots ? { ...rest, rootsOnly: true } : rest;
    const candidates = seen
      .filter(({ archivedAt }) => archived === 'INCLUDE' || (archivedAt !== null) === (archived === 'ONLY'))
      .map((session) => asSeen(session, sight!));
    const expected = idsOf(naiveList(candidates, known, order, ALL).items);
    const about = JSON.stringify([filter, order]);
    const found: (string | null)[] = [];
    for (let after: Session | undefined; ; ) {
      const key = after && {
        time: (order.field === 'CREATED_AT'
          ? after.createdAt
          : (isOfRoots && after.treeLastActiveAt) || after.lastActiveAt
        ).getTime(),
        sequence: after.sequence,
      };
      const page = await store.repository.list(filter, order, { limit: 4, from: 'start', after: key });
      found.push(...idsOf(page.items));
      if (!page.hasMore) break;
      after = page.items.at(-1);
    }
    expect(found, about).toEqual(expected);
    expect(await store.repository.count(isOfRoots ? { ...filter, rootsOnly: true } : filter), about).toBe(
      expected.length,
    );
  }

  describe('a sight', () => {
    it('is of the sessions in trees of an owner, or beneath one, wherever they move', async () => {
      await populate();
      await expectRightAnswers();
      await store.repository.move({ sessionId: 's4', parentId: 's1' });
      await store.repository.move({ sessionId: 's7', parentId: null });
      await store.repository.delete({ sessionId: 's2', mode: 'REPARENT' });
      await store.repository.delete({ sessionId: 's8', mode: 'CASCADE' });
      await expectRightAnswers();
      for (const how of RETURNS) {
        await store.comeBack(how);
        await expectRightAnswers();
      }
    });

    it('still has a deleted session, so that its owner may learn that it is gone', async () => {
      await store.create({ id: 'top', userId: 'ann' });
      await store.create({ id: 'low', parentId: 'top', userId: 'bob' });
      await store.repository.delete({ sessionId: 'top', mode: 'CASCADE' });
      for (const how of ['at once', ...RETURNS] as const) {
        if (how !== 'at once') await store.comeBack(how);
        const inSight = (sight: Sight) => store.repository.areInSight(['top', 'low', 'missing'], sight);
        expect(await inSight({ ownerId: 'ann', withinId: null })).toEqual([true, true, false]);
        expect(await inSight({ ownerId: 'bob', withinId: null })).toEqual([false, false, false]);
        expect(await inSight({ withinId: 'top' })).toEqual([true, true, false]);
        expect(await inSight({ withinId: 'low' })).toEqual([false, true, false]);
      }
    });

    it('bounds the forks of a session, and what a tool call spawned', async () => {
      await store.create({ id: 'a', userId: 'ann', messages: [say('x')] });
      await store.create({ id: 'b', userId: 'bob' });
      const spawnedBy = { messageId: messageId({ sessionId: 'a', ordinal: 0 }), toolCallId: 'call' };
      for (const id of ['moved', 'stays']) {
        await store.repository.fork({ sessionId: 'a', id: `fork-${id}`, asRoot: false });
        await store.create({ id: `child-${id}`, parentId: 'a', spawnedBy });
      }
      for (const id of ['fork-moved', 'child-moved'])
        await store.repository.move({ sessionId: id, parentId: 'b' });
      const call = { sessionId: 'a', ordinal: 0, toolCallId: 'call' };
      for (const [ownerId, name] of [
        ['ann', 'stays'],
        ['bob', 'moved'],
      ] as const) {
        const sight = { ownerId, withinId: null };
        const [forks] = await store.repository.forksOf([{ sessionId: 'a', sight, page: ALL }]);
        expect(idsOf(forks!.items)).toEqual([`fork-${name}`]);
        expect(await store.repository.countForks([{ sessionId: 'a', sight }])).toEqual([1]);
        expect(idsOf(await store.repository.findSpawned([{ ...call, sight }]))).toEqual([`child-${name}`]);
      }
      expect(idsOf(await store.repository.findSpawned([call]))).toEqual(['child-moved']);
    });

    it('bounds usage reports', async () => {
      const usage = {
        inputTokens: 1,
        outputTokens: 0,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        reasoningTokens: 0,
        costUsd: null,
      };
      for (const [id, userId, parentId] of [
        ['a', 'ann', null],
        ['guest', 'bob', 'a'],
        ['b', 'bob', null],
      ] as const)
        await store.create({ id, userId, parentId, messages: [say('x', { role: 'ASSISTANT', usage })] });
      for (const [ownerId, counts] of [
        ['ann', { ann: 1, bob: 1 }],
        ['bob', { bob: 1 }],
      ] as const) {
        const filter = { sight: { ownerId, withinId: null } };
        const groups = await store.repository.usageReport({ by: ['USER'], filter });
        expect(
          Object.fromEntries(groups.map(({ userId, responseCount }) => [userId, responseCount])),
        ).toEqual(counts);
      }
    });

    it('tells what came to an owner, and what went', async () => {
      await store.create({ id: 'a', userId: 'ann' });
      await store.create({ id: 'a1', parentId: 'a' });
      await store.create({ id: 'a2', parentId: 'a1' });
      await store.create({ id: 'b', userId: 'bob' });
      await store.create({ id: 'b1', parentId: 'b' });
      const after = await store.repository.mark();
      await store.repository.move({ sessionId: 'a1', parentId: 'b1' });
      await store.repository.append({ sessionId: 'a2', messages: [say('x')] });
      await store.repository.move({ sessionId: 'b1', parentId: null });
      await store.repository.update({ sessionId: 'a', title: 't' });
      await store.create({ id: 'a3', parentId: 'a' });
      await store.repository.delete({ sessionId: 'a3', mode: 'RESTRICT' });
      for (const how of ['at once', ...RETURNS] as const) {
        if (how !== 'at once') await store.comeBack(how);
        const told = async (ownerId: string) => {
          const sight = { ownerId, withinId: null };
          const { changes } = await store.repository.changesSince({ within: null, after, limit: 100, sight });
          return changes.map(({ kind, sessionId }) => `${kind} ${sessionId}`);
        };
        expect(await told('ann')).toEqual(['LEFT a1', 'UPDATED a', 'DELETED a3']);
        expect(await told('bob')).toEqual(['ENTERED a1', 'MOVED b1']);
        expect(await told('eve')).toEqual([]);
      }
    });
  });

  describe('the operation of a caller', () => {
    it('is another than that of another caller with the same id', async () => {
      await store.create({ id: 'a' });
      const of = (caller: string | null, input: string) => ({ ...operation('same', input), caller });
      for (const caller of [null, '=ann', '=bob', 's1=ann'])
        await store.repository.append(
          { sessionId: 'a', messages: [say(`${caller}`)] },
          of(caller, `${caller}`),
        );
      await store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' }, of('=eve', 'deleted'));
      for (const how of ['at once', ...RETURNS] as const) {
        if (how !== 'at once') await store.comeBack(how);
        for (const [n, caller] of [null, '=ann', '=bob', 's1=ann'].entries()) {
          const again = of(caller, `${caller}`);
          const { session, messages } = await store.repository.append(
            { sessionId: 'a', messages: [say(`${caller}`)] },
            again,
          );
          expect(session.historyLength).toBe(4);
          expect(messages[0]).toMatchObject({ ordinal: n, content: `${caller}` });
        }
        const { deletedIds } = await store.repository.delete(
          { sessionId: 'a', mode: 'RESTRICT' },
          of('=eve', 'deleted'),
        );
        expect(deletedIds).toEqual(['a']);
        const other = of('=zoe', 'deleted');
        await expect(store.repository.delete({ sessionId: 'a', mode: 'RESTRICT' }, other)).rejects.toThrow(
          'There is no session "a".',
        );
      }
    });
  });
}
