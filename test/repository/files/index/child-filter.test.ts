import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { ChildFilter, SessionStatus } from '../../../../src/model/session.ts';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { IndexReader } from '../../../../src/repository/files/index/reader.ts';
import { IndexWalks } from '../../../../src/repository/files/index/walks.ts';
import { IndexWriter } from '../../../../src/repository/files/index/writer.ts';
import { TimeSlices } from '../../../../src/repository/files/runtime/pace.ts';
import { StoreClock } from '../../../../src/repository/runtime/store-clock.ts';
import { naiveChildPasses, naiveDescendants, naivePage } from '../../contract/naive.ts';
import { session } from '../../records/session-state.ts';

/** So many that a walk in pre-order meets more misses than it passes over. */
const SESSIONS = 2_400;
/** The parent of half of them. */
const WIDE = 's3';

const index = IndexDatabase.inMemory();
const writer = new IndexWriter(index, new StoreClock());
for (let n = 1; n <= SESSIONS; n += 1)
  writer.insertSession(
    {
      ...session(n, n === 1 ? null : n > 10 && n % 2 ? WIDE : `s${Math.ceil(n / 2)}`),
      arrival: (n * 7_919) % 100_003,
      status: n % 400 === 1 ? 'FAILED' : n % 3 === 0 ? 'RUNNING' : 'IDLE',
      archivedAt: n % 90 === 0 ? 1 : null,
    },
    0,
  );
index.complete('store', () => writer.relink());
afterAll(() => index.close());
const walks = new IndexWalks(index, new IndexReader(index), new TimeSlices());
const all = Array.from({ length: SESSIONS }, (_, n) => new IndexReader(index).session(`s${n + 1}`)!);
const sessions = new Map(all.map((each) => [each.id, each]));
const children = Map.groupBy(all, ({ parentId }) => parentId);
for (const siblings of children.values()) siblings.sort((a, b) => a.arrival - b.arrival);
const childrenOf = (id: string) => (children.get(id) ?? []).map((child) => child.id);
const order = naiveDescendants('s1', childrenOf);
const ids = order.map(({ id }) => id);
const places = new Map(ids.map((id, n) => [id, n]));

const maybe = <T>(...values: T[]) => fc.constantFrom<T | null>(null, ...values);
const request = fc.record({
  filter: fc.record<ChildFilter>({
    archived: maybe('EXCLUDE', 'ONLY'),
    statuses: maybe<SessionStatus[]>(['FAILED'], ['RUNNING'], ['COMPLETED']),
  }),
  maxDepth: maybe(1, 4, 9),
  limit: fc.constantFrom(0, 1, 5, 100, 5_000),
  from: fc.constantFrom('start' as const, 'end' as const),
  after: fc.option(fc.constantFrom(...ids), { nil: undefined }),
  before: fc.option(fc.constantFrom(...ids), { nil: undefined }),
});

it('pages of filtered descendants of a large tree are what a naive walk gives, whichever way they are read', async () => {
  await fc.assert(
    fc.asyncProperty(request, async ({ filter, maxDepth, ...page }) => {
      const beneath = order
        .filter(
          ({ id, level }) => naiveChildPasses(sessions.get(id)!, filter) && level <= (maxDepth ?? level),
        )
        .map(({ id }) => id);
      const [got] = await walks.descendants(['s1'], page, { maxDepth, filter });
      const compare = (id: string, key: string) => places.get(id)! - places.get(key)!;
      const { items, hasMore } = naivePage(beneath, page, compare);
      expect({ ids: got!.items.map(({ id }) => id), hasMore: got!.hasMore }).toEqual({ ids: items, hasMore });
      expect(await walks.countDescendants(['s1'], { maxDepth, filter })).toEqual([beneath.length]);
    }),
    { numRuns: 300 },
  );
});

it('pages of filtered children of a wide session are what a naive filter gives', async () => {
  const siblings = childrenOf(WIDE);
  await fc.assert(
    fc.asyncProperty(request, async ({ filter, limit, from, after, before }) => {
      const arrivalOf = (id: string | undefined) =>
        id === undefined ? undefined : sessions.get(id)!.arrival;
      const page = { limit, from, after: arrivalOf(after), before: arrivalOf(before) };
      const some = siblings.filter((id) => naiveChildPasses(sessions.get(id)!, filter));
      const [got] = await walks.children([{ parentId: WIDE, page, filter }]);
      const { items, hasMore } = naivePage(some, page, (id, key) => sessions.get(id)!.arrival - key);
      expect({ ids: got!.items.map(({ id }) => id), hasMore: got!.hasMore }).toEqual({ ids: items, hasMore });
      expect(await walks.countChildren([{ parentId: WIDE, filter }])).toEqual([some.length]);
    }),
    { numRuns: 200 },
  );
});
