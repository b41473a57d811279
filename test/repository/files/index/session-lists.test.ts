import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/model/json.ts';
import {
  SESSION_ORDER_FIELDS,
  type Session,
  type SessionFilter,
  type SessionOrder,
  type SessionStatus,
} from '../../../../src/model/session.ts';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { filterTerms } from '../../../../src/repository/files/index/metadata-terms.ts';
import { IndexReader } from '../../../../src/repository/files/index/reader.ts';
import { IndexWalks } from '../../../../src/repository/files/index/walks.ts';
import { IndexWriter } from '../../../../src/repository/files/index/writer.ts';
import { TimeSlices } from '../../../../src/repository/files/runtime/pace.ts';
import { StoreClock } from '../../../../src/repository/runtime/store-clock.ts';
import { listKey, naiveList } from '../../contract/naive.ts';
import { session } from '../../records/session-state.ts';

/** More than are read in one step, and more than are sorted rather than walked. */
const SESSIONS = 2_600;
const TIMES = 3;

const index = IndexDatabase.inMemory();
const writer = new IndexWriter(index, new StoreClock());
for (let n = 1; n <= SESSIONS; n += 1) {
  writer.insertSession(
    {
      ...session(n, n % 4 === 0 ? 's1' : n % 7 === 0 ? `s${n - 1}` : null),
      userId: n % 3 === 0 ? null : `u${n % 2}`,
      createdAt: n % TIMES,
      lastActiveAt: (n * 5) % (TIMES + 4),
      metadata: n % 5 === 0 ? '{"k":1,"list":[{"n":1},{"n":2}]}' : '{"k":1}',
      archivedAt: n % 50 === 0 ? 1 : null,
      title: n % 3 === 0 ? null : `title ${n % 2 ? 'odd' : 'even'}`,
      project: n % 11 === 0 ? 'p' : null,
      agentName: `agent${n % 13}`,
      status: n % 400 === 0 ? 'WAITING' : n % 10 === 0 ? 'RUNNING' : 'COMPLETED',
    },
    0,
  );
  if (n % 30 === 0)
    writer.addFault({ kind: 'damage', path: '', line: 1, sessionId: `s${n}`, reason: 'damaged' });
}
index.complete('store', () => writer.relink());
const reader = new IndexReader(index);
const walks = new IndexWalks(index, reader, new TimeSlices());
const all = Array.from({ length: SESSIONS }, (_, n) => reader.session(`s${n + 1}`)!);
const halves = {
  EXCLUDE: all.filter(({ archivedAt }) => !archivedAt),
  ONLY: all.filter(({ archivedAt }) => archivedAt),
  INCLUDE: all,
};

const maybe = <T>(...values: T[]) => fc.constantFrom<T | undefined>(undefined, undefined, ...values);
const date = (time: number) => new Date(time);
const filters: fc.Arbitrary<SessionFilter> = fc.record({
  archived: fc.constantFrom('EXCLUDE', 'ONLY', 'INCLUDE'),
  userId: maybe('u0', 'u1'),
  rootsOnly: maybe(true),
  parentId: maybe('s1', 's6'),
  rootId: maybe('s1', 's6'),
  createdAfter: maybe(date(1), date(2)),
  createdBefore: maybe(date(1), date(2)),
  activeAfter: maybe(date(1), date(5)),
  activeBefore: maybe(date(2), date(6)),
  metadata: maybe<JsonObject>({}, { k: 1 }, { list: [{ n: 2 }, { n: 2 }] }, { k: 1, list: [] }, { k: 2 }),
  title: maybe('title', 'EVEN', 'od*'),
  project: maybe('p'),
  agentName: maybe('agent1', 'agent'),
  statuses: maybe<SessionStatus[]>(['RUNNING', 'WAITING'], ['WAITING'], ['COMPLETED', 'RUNNING'], []),
  damaged: maybe(true, false),
});

it('a list of many sessions is what it should be, whichever way it is read', async () => {
  const request = fc.record({
    filter: filters,
    order: fc.record<SessionOrder>({
      field: fc.constantFrom(...SESSION_ORDER_FIELDS),
      direction: fc.constantFrom('ASC', 'DESC'),
    }),
    limit: fc.constantFrom(1, 30, 700),
    from: fc.constantFrom<'start' | 'end'>('start', 'end'),
    after: maybe(...all),
    before: maybe(...all),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ filter: given, order, limit, from, after: one, before: other }) => {
      const isOfTrees = order.field === 'TREE_LAST_ACTIVE_AT';
      const filter = isOfTrees ? { ...given, rootsOnly: true } : given;
      const rootOf = (each: Session | undefined) => each && reader.session(each.rootId)!;
      const [after, before] = isOfTrees ? [rootOf(one), rootOf(other)] : [one, other];
      const page = {
        limit,
        from,
        after: after && listKey(after, order),
        before: before && listKey(before, order),
      };
      const some = halves[filter.archived!];
      const { items, hasMore } = await walks.list(filter, order, page);
      const expected = naiveList(some, filter, order, page);
      expect(items.map(({ id }) => id)).toEqual(expected.items.map(({ id }) => id));
      expect(hasMore).toBe(expected.hasMore);
      const whole = { limit: SESSIONS, from: 'start' } as const;
      const count = naiveList(some, filter, order, whole).items.length;
      expect(await walks.count(filter)).toBe(count);
      expect(await walks.count(filter, { countLimit: limit })).toBe(Math.min(count, limit));
    }),
    { numRuns: 300 },
  );
});

it('a page that most sessions belong to is read without a walk', async () => {
  let rows = 0;
  const order = { field: 'CREATED_AT', direction: 'DESC' } as const;
  const page = { limit: 50, from: 'start' } as const;
  const { items } = await walks.list({ userId: 'u0' }, order, page, { onWalk: (more) => (rows += more) });
  expect(items).toHaveLength(50);
  expect(rows).toBeLessThan(50);
});

it('a count with a limit walks no further', async () => {
  let rows = 0;
  const options = { countLimit: 30, onWalk: (more: number) => (rows += more) };
  expect(await walks.count({ title: 'odd', archived: 'INCLUDE' }, options)).toBe(30);
  expect(rows).toBeLessThan(SESSIONS / 2);
});

it('a metadata filter of more common terms than a query uses is compared like any other', async () => {
  const metadata = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`key${n}`, n]));
  const terms = JSON.stringify(filterTerms(metadata));
  const own = IndexDatabase.inMemory();
  const ownWriter = new IndexWriter(own, new StoreClock());
  ownWriter.insertSession({ ...session(1), metadata: JSON.stringify(metadata) }, 0);
  ownWriter.insertSession({ ...session(2), metadata: JSON.stringify({ ...metadata, key7: 0 }) }, 0);
  own.complete('store', () => ownWriter.relink());
  own.tables.connection.run(
    `WITH RECURSIVE many (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM many WHERE n < 3001)
      INSERT INTO metadata_terms SELECT value, n FROM json_each(?), many`,
    terms,
  );
  const ownWalks = new IndexWalks(own, new IndexReader(own), new TimeSlices());
  expect(await ownWalks.count({ metadata })).toBe(1);
  own.close();
});
