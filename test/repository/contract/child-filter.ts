import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChildFilter, Session, SessionStatus } from '../../../src/model/session.ts';
import type { PageRequest } from '../../../src/repository/reads.ts';
import { naiveChildPasses, naiveDescendants, naivePage } from './naive.ts';
import { ALL, idsOf, type OpenStore, RETURNS } from './store.ts';

const maybe = <T>(...values: T[]) => fc.constantFrom<T | null>(null, ...values);
const FILTERS: fc.Arbitrary<ChildFilter> = fc.record({
  archived: maybe('EXCLUDE', 'INCLUDE', 'ONLY'),
  statuses: maybe<SessionStatus[]>(['RUNNING'], ['IDLE', 'WAITING', 'IDLE'], []),
  agentName: maybe('planner', 'nobody'),
});

export function describeChildFilter(store: OpenStore): void {
  /** A tree of 30 sessions in which every filter leaves out some that are above others. */
  async function growTree(): Promise<ReadonlyMap<string, Session>> {
    for (let n = 0; n < 30; n += 1)
      await store.create({
        id: `s${n}`,
        parentId: n === 0 ? null : `s${Math.floor((n * 3) / 7)}`,
        status: (['RUNNING', 'IDLE', 'WAITING', 'COMPLETED'] as const)[(n * 5) % 4]!,
        agentName: ['planner', 'coder', null][n % 3]!,
      });
    for (const id of ['s1', 's4', 's20'])
      await store.repository.archive({ sessionId: id, archived: true, subtree: id === 's4' });
    const sessions = await store.repository.findMany(Array.from({ length: 30 }, (_, n) => `s${n}`));
    return new Map(sessions.map((session) => [session!.id, session!]));
  }

  describe('a filter of children and descendants', () => {
    it('keeps what is beneath a session that it leaves out', async () => {
      await store.chain('top', 'middle', 'low');
      await store.repository.update({ sessionId: 'low', status: 'RUNNING' });
      const running: ChildFilter = { statuses: ['RUNNING'] };
      const [page] = await store.repository.descendantsOf(['top'], ALL, null, running);
      expect(idsOf(page!.items)).toEqual(['low']);
      expect(await store.repository.countDescendants(['top', 'middle', 'low'], null, running)).toEqual([
        1, 1, 0,
      ]);
      const [children] = await store.repository.childrenOf([{ parentId: 'top', page: ALL, filter: running }]);
      expect(children!.items).toEqual([]);
      const scopes = ['top', 'middle', 'gone'].map((parentId) => ({ parentId, filter: running }));
      expect(await store.repository.countChildren(scopes)).toEqual([0, 1, 0]);
      expect(await store.repository.countChildren([{ parentId: 'top' }])).toEqual([1]);
    });

    it('may differ between the requests of a batch of children', async () => {
      await store.create({ id: 'top' });
      for (const status of ['RUNNING', 'FAILED'] as const)
        await store.create({ id: status, parentId: 'top', status });
      const pages = await store.repository.childrenOf([
        { parentId: 'top', page: ALL },
        { parentId: 'top', page: ALL, filter: { statuses: ['FAILED'] } },
        { parentId: 'top', page: ALL, filter: { statuses: ['RUNNING'] } },
      ]);
      expect(pages.map(({ items }) => idsOf(items))).toEqual([
        ['RUNNING', 'FAILED'],
        ['FAILED'],
        ['RUNNING'],
      ]);
    });

    it.each(['at once', ...RETURNS] as const)('gives what a naive walk gives: %s', async (how) => {
      const sessions = await growTree();
      if (how !== 'at once') await store.comeBack(how);
      const all = [...sessions.values()];
      const childrenOf = (id: string) =>
        all
          .filter(({ parentId }) => parentId === id)
          .sort((a, b) => a.arrival - b.arrival)
          .map((child) => child.id);
      const order = naiveDescendants('s0', childrenOf);
      const ids = order.map(({ id }) => id);
      const request = fc.record({
        filter: FILTERS,
        maxDepth: maybe(1, 2, 3),
        limit: fc.nat(6),
        from: fc.constantFrom('start' as const, 'end' as const),
        after: fc.option(fc.constantFrom(...ids), { nil: undefined }),
        before: fc.option(fc.constantFrom(...ids), { nil: undefined }),
        parentId: fc.constantFrom(...sessions.keys()),
      });
      await fc.assert(
        fc.asyncProperty(request, async ({ filter, maxDepth, parentId, ...page }) => {
          const { repository } = store;
          const passes = (id: string) => naiveChildPasses(sessions.get(id)!, filter);
          const beneath = order
            .filter(({ id, level }) => passes(id) && level <= (maxDepth ?? level))
            .map(({ id }) => id);
          const place = (id: string, key: string) => ids.indexOf(id) - ids.indexOf(key);
          const [descendants] = await repository.descendantsOf(['s0'], page, maxDepth, filter);
          expect({ ...descendants, items: idsOf(descendants!.items) }).toEqual(
            naivePage(beneath, page, place),
          );
          expect(await repository.countDescendants(['s0'], maxDepth, filter)).toEqual([beneath.length]);

          const arrivalOf = (id: string | undefined) => id && sessions.get(id)!.arrival;
          const some = childrenOf(parentId).filter(passes);
          const keys = { after: arrivalOf(page.after), before: arrivalOf(page.before) };
          const childrenPage = { ...page, ...keys } as PageRequest<number>;
          const byArrival = (id: string, key: number) => sessions.get(id)!.arrival - key;
          const [children] = await repository.childrenOf([{ parentId, page: childrenPage, filter }]);
          expect({ ...children, items: idsOf(children!.items) }).toEqual(
            naivePage(some, childrenPage, byArrival),
          );
          expect(await repository.countChildren([{ parentId, filter }])).toEqual([some.length]);
        }),
        { numRuns: 200 },
      );
    });

    it('follows an update of the status', async () => {
      await store.chain('top', 'child');
      const scope = { parentId: 'top', filter: { statuses: ['RUNNING'] } } as const;
      expect(await store.repository.countChildren([scope])).toEqual([0]);
      await store.repository.update({ sessionId: 'child', status: 'RUNNING' });
      expect(await store.repository.countChildren([scope])).toEqual([1]);
      const [page] = await store.repository.childrenOf([{ ...scope, page: ALL }]);
      expect(idsOf(page!.items)).toEqual(['child']);
    });
  });
}
