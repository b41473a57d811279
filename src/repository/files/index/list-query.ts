import type { SQLInputValue } from 'node:sqlite';
import type { SessionFilter, SessionOrder } from '../../../model/session.ts';
import type { ListKey, PageRequest } from '../../repository.ts';
import { filterTerms, TOO_MANY } from './metadata-terms.ts';

export interface Query {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** The rarest term of a metadata filter, where it is rare enough to begin with the sessions that have it. */
export type RareTerm = (terms: readonly number[]) => number | null;

function filterConditions(filter: SessionFilter, rareTerm: RareTerm): Query[] {
  const conditions: Query[] = [];
  // INCLUDE is put together of the two others.
  conditions.push({ sql: `archived_at IS ${filter.archived === 'ONLY' ? 'NOT NULL' : 'NULL'}`, values: [] });
  const add = (sql: string, ...values: SQLInputValue[]) => conditions.push({ sql, values });
  if (filter.userId != null) add('user_id = ?', filter.userId);
  // Not by their parent: SQLite would find all roots by that, and sort them.
  if (filter.rootsOnly) add('depth = 0');
  if (filter.parentId != null) add('parent_id = ?', filter.parentId);
  if (filter.rootId != null) add('root_id = ?', filter.rootId);
  if (filter.createdAfter) add('created_at >= ?', filter.createdAfter.getTime());
  if (filter.createdBefore) add('created_at < ?', filter.createdBefore.getTime());
  if (filter.activeAfter) add('last_active_at >= ?', filter.activeAfter.getTime());
  if (filter.activeBefore) add('last_active_at < ?', filter.activeBefore.getTime());
  if (filter.metadata) {
    const terms = filterTerms(filter.metadata);
    const rare = rareTerm(terms);
    // A rare term is where the search begins; a common one only spares most rows the comparison.
    if (rare !== null) add('seq IN (SELECT seq FROM metadata_terms WHERE term IN (?, ?))', rare, TOO_MANY);
    else for (const term of terms) add(HAS_TERM, term, TOO_MANY);
    add('json_contains(metadata, ?)', JSON.stringify(filter.metadata));
  }
  return conditions;
}

const HAS_TERM = 'EXISTS (SELECT 1 FROM metadata_terms t WHERE t.term IN (?, ?) AND t.seq = sessions.seq)';

function where(conditions: readonly Query[]): Query {
  return {
    sql: ` WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
    values: conditions.flatMap(({ values }) => values),
  };
}

/** The sequence numbers of one page, and one more that tells whether there are more; in page direction. */
export function listQuery(
  filter: SessionFilter,
  order: SessionOrder,
  page: PageRequest<ListKey>,
  rareTerm: RareTerm,
): Query {
  const time = order.field === 'CREATED_AT' ? 'created_at' : 'last_active_at';
  const ascending = order.direction === 'ASC';
  const conditions = filterConditions(filter, rareTerm);
  const beyond = (key: ListKey | undefined, later: boolean) => {
    if (key) {
      conditions.push({
        sql: `(${time}, seq) ${later ? '>' : '<'} (?, ?)`,
        values: [key.time, key.sequence],
      });
    }
  };
  beyond(page.after, ascending);
  beyond(page.before, !ascending);
  const direction = ascending === (page.from === 'start') ? 'ASC' : 'DESC';
  const { sql, values } = where(conditions);
  return {
    sql: `SELECT seq FROM sessions${sql} ORDER BY ${time} ${direction}, seq ${direction} LIMIT ?`,
    values: [...values, page.limit + 1],
  };
}

/** The number of sessions that pass; read off the totals where there is no more to it than being archived. */
export function countQuery(filter: SessionFilter, rareTerm: RareTerm): Query {
  const conditions = filterConditions(filter, rareTerm);
  if (conditions.length === 1) {
    const total = filter.archived === 'ONLY' ? 'archived' : 'sessions - archived';
    return { sql: `SELECT ${total} AS n FROM totals`, values: [] };
  }
  const { sql, values } = where(conditions);
  return { sql: `SELECT count(*) AS n FROM sessions${sql}`, values };
}
