import { describe, expect, it } from 'vitest';
import type { Session, SessionFilter, SessionOrder } from '../../../src/model/session.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { ALL, idsOf, nextMillisecond, type OpenStore, RETURNS, say } from './store.ts';

const LATEST: SessionOrder = { field: 'TREE_LAST_ACTIVE_AT', direction: 'DESC' };
const ROOTS: SessionFilter = { rootsOnly: true, archived: 'INCLUDE' };
const day = (n: number) => new Date(Date.UTC(2026, 0, n));
const active = (n: number) => ({ createdAt: day(1), lastActiveAt: day(n) });

export function describeTreeActivity(store: OpenStore): void {
  /** a(b(c d)) e(f) g: each session was active on a day of its own, c last of all. */
  async function growTrees(): Promise<void> {
    await store.create({ id: 'a', ...active(2) });
    await store.create({ id: 'b', parentId: 'a', ...active(3) });
    await store.create({ id: 'c', parentId: 'b', ...active(9) });
    await store.create({ id: 'd', parentId: 'b', ...active(4) });
    await store.create({ id: 'e', ...active(5) });
    await store.create({ id: 'f', parentId: 'e', ...active(6) });
    await store.create({ id: 'g', ...active(7) });
  }

  /** The roots, the latest active tree first. */
  const roots = async (filter = ROOTS) => idsOf((await store.repository.list(filter, LATEST, ALL)).items);

  /** Compares the times of all roots with those of all sessions of their trees. */
  async function expectLatest(): Promise<void> {
    const { items } = await store.repository.list(
      { archived: 'INCLUDE' },
      { ...LATEST, field: 'CREATED_AT' },
      ALL,
    );
    const latest = new Map<string, number>();
    for (const { rootId, lastActiveAt } of items)
      latest.set(rootId, Math.max(latest.get(rootId) ?? 0, lastActiveAt.getTime()));
    const timeOf = ({ id, parentId }: Session) => (parentId === null ? new Date(latest.get(id)!) : null);
    for (const session of items) expect(session.treeLastActiveAt, session.id).toEqual(timeOf(session));
    const times = (await store.repository.list(ROOTS, LATEST, ALL)).items.map((root) =>
      root.treeLastActiveAt!.getTime(),
    );
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  }

  describe('the latest activity in a tree', () => {
    it('orders roots, whichever session of a tree was active', async () => {
      await growTrees();
      expect(await roots()).toEqual(['a', 'g', 'e']);
      await store.repository.append({ sessionId: 'f', messages: [say('now')] });
      expect(await roots()).toEqual(['e', 'a', 'g']);
      // Roots that were active in the same millisecond are in the order of their creation.
      await nextMillisecond();
      await store.repository.append({ sessionId: 'g', messages: [say('now')] });
      expect(await roots()).toEqual(['g', 'e', 'a']);
      await nextMillisecond();
      await store.create({ parentId: 'd' });
      expect(await roots()).toEqual(['a', 'g', 'e']);
    });

    it('is paged by keys of this order, and combined with other filters', async () => {
      await growTrees();
      await store.create({ id: 'of-ann', userId: 'ann', ...active(8) });
      const [first] = (await store.repository.list(ROOTS, LATEST, { limit: 1, from: 'start' })).items;
      const after = { time: first!.treeLastActiveAt!.getTime(), sequence: first!.sequence };
      const rest = await store.repository.list(ROOTS, LATEST, { ...ALL, after });
      expect(idsOf(rest.items)).toEqual(['of-ann', 'g', 'e']);
      expect(await roots({ ...ROOTS, userId: 'ann' })).toEqual(['of-ann']);
      expect(await roots({ ...ROOTS, rootId: 'e' })).toEqual(['e']);
      expect(await roots({ ...ROOTS, activeAfter: day(6) })).toEqual(['of-ann', 'g']);
    });

    it('stays for an update, and is not lowered by a late message', async () => {
      await growTrees();
      await store.repository.update({ sessionId: 'f', title: 'new' });
      await store.repository.append({ sessionId: 'd', messages: [say('old', { createdAt: day(1) })] });
      expect(await roots()).toEqual(['a', 'g', 'e']);
    });

    type Change = (repository: SessionRepository) => Promise<unknown>;
    const changes: [string, Change, string[]][] = [
      [
        'a subtree moves to another tree',
        (to) => to.move({ sessionId: 'c', parentId: 'f' }),
        ['e', 'g', 'a'],
      ],
      ['a subtree becomes a tree', (to) => to.move({ sessionId: 'b', parentId: null }), ['b', 'g', 'e', 'a']],
      ['a tree moves beneath another', (to) => to.move({ sessionId: 'a', parentId: 'g' }), ['g', 'e']],
      ['a leaf moves within its tree', (to) => to.move({ sessionId: 'c', parentId: 'a' }), ['a', 'g', 'e']],
      ['a session is deleted', (to) => to.delete({ sessionId: 'c', mode: 'RESTRICT' }), ['g', 'e', 'a']],
      ['a subtree is deleted', (to) => to.delete({ sessionId: 'b', mode: 'CASCADE' }), ['g', 'e', 'a']],
      ['a tree is deleted', (to) => to.delete({ sessionId: 'a', mode: 'CASCADE' }), ['g', 'e']],
      [
        'a root leaves its children',
        (to) => to.delete({ sessionId: 'a', mode: 'REPARENT' }),
        ['b', 'g', 'e'],
      ],
      [
        'a session leaves its children',
        (to) => to.delete({ sessionId: 'b', mode: 'REPARENT' }),
        ['a', 'g', 'e'],
      ],
      [
        'a subtree is archived',
        (to) => to.archive({ sessionId: 'b', archived: true, subtree: true }),
        ['a', 'g', 'e'],
      ],
      [
        'a tree is archived',
        (to) => to.archive({ sessionId: 'a', archived: true, subtree: true }),
        ['a', 'g', 'e'],
      ],
    ];
    it.each(changes)(
      'is right after %s, and after a restart and a rebuild',
      async (_what, change, expected) => {
        await growTrees();
        // Rows that are cached must change, too.
        await store.repository.findMany([...'abcdefg']);
        await change(store.repository);
        expect(await roots()).toEqual(expected);
        await expectLatest();
        for (const how of RETURNS) {
          await store.comeBack(how);
          expect(await roots()).toEqual(expected);
          await expectLatest();
        }
      },
    );

    it('is right after a fork, a rollback and many mutations at once', async () => {
      await growTrees();
      await store.repository.append({ sessionId: 'd', messages: [say('x')] });
      await store.repository.fork({ sessionId: 'd', id: 'fork', asRoot: false });
      await store.repository.truncate({ sessionId: 'd', keep: 0 }, null);
      await expectLatest();
      await Promise.all(
        Array.from({ length: 60 }, async (_, n) => {
          const parentId = [...'abcdefg'][n % 7]!;
          if (n % 3 === 0) await store.create({ parentId, messages: [say('x')] });
          else if (n % 3 === 1) await store.repository.append({ sessionId: parentId, messages: [say('x')] });
          else await store.repository.fork({ sessionId: parentId, asRoot: n % 2 === 0 });
        }),
      );
      await expectLatest();
      await store.comeBack('rebuilt');
      await expectLatest();
    });
  });
}
