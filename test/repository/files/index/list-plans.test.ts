import { expect, it } from 'vitest';
import type { SessionFilter } from '../../../../src/model/session.ts';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import type { HalfFilter } from '../../../../src/repository/files/index/list-conditions.ts';
import { entriesQuery, rangesOf } from '../../../../src/repository/files/index/list-query.ts';
import {
  type Way,
  wayByTime,
  wayOfChildren,
  wayOfDamaged,
  wayOfForks,
  wayOfTerm,
  wayUnderWay,
} from '../../../../src/repository/files/index/list-ways.ts';
import { RENEW_TREE_TIME } from '../../../../src/repository/files/index/tree-times.ts';

const TIMES = ['created_at', 'last_active_at'] as const;
const KEY = { time: 5, sequence: 5 };

/** SQLite's plans for all ranges of a way. SQLite has no statistics here, so the plans do not depend on the tables' rows. */
function plansOf(way: Way): string[] {
  const index = IndexDatabase.inMemory();
  index.complete('a store', () => index.tables.relink());
  const plans: string[] = [];
  for (const range of [...rangesOf(way), ...rangesOf(way, KEY), ...rangesOf(way, undefined, KEY)]) {
    for (const isAscending of [true, false]) {
      const { sql, values } = entriesQuery(way, range, 'created_at', isAscending, []);
      const steps = index.tables.connection
        .flushed()
        .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values, 500, 50);
      plans.push(steps.map(({ detail }) => detail).join('; '));
    }
  }
  index.close();
  return plans;
}

const half = (filter: SessionFilter): HalfFilter => ({ archived: 'EXCLUDE', ...filter }) as HalfFilter;

it.each<[string, SessionFilter, string]>([
  ['all sessions', {}, 'live_by_TIME'],
  ['those of a user', { userId: 'u' }, 'live_by_user_id_and_TIME (user_id=?'],
  ['a tree', { rootId: 'r' }, 'live_by_root_id_and_TIME (root_id=?'],
  ['those of a project', { project: 'p' }, 'live_by_project_and_TIME (project=?'],
  ['the roots', { rootsOnly: true }, 'live_roots_by_TIME'],
  ['the roots of a user', { userId: 'u', rootsOnly: true }, 'live_by_user_id_and_TIME (user_id=?'],
  ['archived sessions', { archived: 'ONLY' }, 'archived_by_TIME'],
  [
    'archived sessions of a user',
    { archived: 'ONLY', userId: 'u' },
    'archived_by_user_id_and_TIME (user_id=?',
  ],
])('%s are walked along an index, in its order', (_what, filter, index) => {
  for (const time of TIMES)
    for (const plan of plansOf(wayByTime(half(filter), time, [7]))) {
      expect(plan).toContain(`INDEX ${index.replace('TIME', time)}`);
      expect(plan).not.toContain('TEMP B-TREE');
    }
});

it.each<[string, SessionFilter, string]>([
  ['roots', { rootsOnly: true }, 'live_roots_by_tree_last_active_at'],
  [
    'roots of a user',
    { rootsOnly: true, userId: 'u' },
    'live_roots_by_user_id_and_tree_last_active_at (user_id=?',
  ],
  ['archived roots', { rootsOnly: true, archived: 'ONLY' }, 'archived_roots_by_tree_last_active_at'],
])('by the activity in their trees, %s are walked along an index, in its order', (_what, filter, index) => {
  for (const plan of plansOf(wayByTime(half(filter), 'tree_last_active_at', [7]))) {
    expect(plan).toContain(`INDEX ${index}`);
    expect(plan).not.toContain('TEMP B-TREE');
  }
});

it('forks are walked along an index, in the order of their creation', () => {
  for (const plan of plansOf(wayOfForks('origin', null))) {
    expect(plan).toContain('SEARCH sessions USING INDEX forks (<expr>=?');
    expect(plan).not.toContain('TEMP B-TREE');
  }
});

it('the latest activity in a tree is found by two looks at indexes', () => {
  const index = IndexDatabase.inMemory();
  index.complete('a store', () => index.tables.relink());
  const plan = index.tables.connection
    .flushed()
    .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${RENEW_TREE_TIME}`, 'r')
    .map(({ detail }) => detail)
    .join('; ');
  index.close();
  expect(plan).toContain('SEARCH sessions USING INDEX live_by_root_id_and_last_active_at (root_id=?)');
  expect(plan).toContain('SEARCH sessions USING INDEX archived_by_root_id_and_last_active_at (root_id=?)');
});

it('after a key, sessions with the same time are sought by number, and others by time', () => {
  const [same, _backward, later] = plansOf(wayByTime(half({ userId: 'u' }), 'created_at', [])).slice(2);
  expect(same).toContain('(user_id=? AND created_at=? AND rowid>? AND rowid<?)');
  expect(later).toContain('(user_id=? AND created_at>? AND created_at<?)');
});

it.each<[string, Way, string]>([
  ['children', wayOfChildren(half({ userId: 'u' }), 'p', [7]), 'sessions_parent_id (parent_id=? AND rowid>?'],
  [
    'what runs or waits',
    wayUnderWay(half({ statuses: ['RUNNING'] }), [7]),
    'INDEX live_under_way (seq>? AND seq<?)',
  ],
  ['sessions with a term', wayOfTerm(half({ userId: 'u' }), 7), 'PRIMARY KEY (term=? AND seq>?'],
])('%s are walked by number', (_what, way, index) => {
  for (const plan of plansOf(way)) {
    expect(plan).toContain(index);
    expect(plan).not.toContain('TEMP B-TREE');
  }
});

it('damaged sessions are found one by one', () => {
  for (const plan of plansOf(wayOfDamaged(half({ damaged: true }))))
    expect(plan).toContain('SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?');
});
