import { expect, it } from 'vitest';
import type { SessionFilter, SessionOrder } from '../../../src/model/session.ts';
import { IndexDatabase } from '../../../src/repository/files/index/database.ts';
import { listQuery } from '../../../src/repository/files/index/list-query.ts';

const FIELDS = ['CREATED_AT', 'LAST_ACTIVE_AT'] as const;

/** How SQLite finds a page of a list. It keeps no statistics: what the tables hold makes no difference. */
function planOf(filter: SessionFilter, field: SessionOrder['field'], rare: number | null): string {
  const index = IndexDatabase.inMemory();
  index.complete('a store', () => index.relink());
  const page = { limit: 50, from: 'start' } as const;
  const { sql, values } = listQuery(filter, { field, direction: 'DESC' }, page, () => rare);
  const steps = index.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values);
  index.close();
  return steps.map(({ detail }) => detail).join('; ');
}

it.each<[string, SessionFilter, string]>([
  ['all sessions', {}, 'live_by_TIME'],
  ['those of a user', { userId: 'u' }, 'live_by_user_id_and_TIME'],
  ['a tree', { rootId: 'r' }, 'live_by_root_id_and_TIME'],
  ['the roots', { rootsOnly: true }, 'live_roots_by_TIME'],
  ['the roots of a user', { userId: 'u', rootsOnly: true }, 'live_by_user_id_and_TIME'],
  ['archived sessions', { archived: 'ONLY' }, 'archived_by_TIME'],
  ['archived sessions of a user', { archived: 'ONLY', userId: 'u' }, 'archived_by_user_id_and_TIME'],
  ['metadata that is not rare', { metadata: { a: 1 } }, 'live_by_TIME'],
])('a page of %s goes along an index, in its order', (_what, filter, index) => {
  for (const field of FIELDS) {
    const plan = planOf(filter, field, null);
    expect(plan).toContain(`USING INDEX ${index.replace('TIME', field.toLowerCase())}`);
    expect(plan).not.toContain('TEMP B-TREE');
  }
});

it.each<[string, SessionFilter, number | null, string]>([
  ['children', { parentId: 'p' }, null, 'sessions_parent_id'],
  ['rare metadata', { metadata: { a: 1 } }, 7, 'INTEGER PRIMARY KEY'],
])('a page of %s begins with the few that there are', (_what, filter, rare, index) => {
  for (const field of FIELDS)
    expect(planOf(filter, field, rare)).toContain(
      `SEARCH sessions USING ${index === 'INTEGER PRIMARY KEY' ? '' : 'INDEX '}${index}`,
    );
});

it.each<[string, SessionFilter]>([
  ['created after a time', { createdAfter: new Date(0) }],
  ['active after a time', { activeAfter: new Date(0) }],
])('a first page of those %s, in the other order, does not sort all of them', (_what, filter) => {
  for (const field of FIELDS) expect(planOf(filter, field, null)).not.toContain('TEMP B-TREE');
});
