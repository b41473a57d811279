import type { SQLInputValue } from 'node:sqlite';
import type { Sight } from '../../../model/sight.ts';
import {
  ALL,
  beginsWith,
  type HalfFilter,
  hasTerm,
  isArchived,
  otherConditions,
  type Query,
  type Span,
  spanOf,
  type TimeColumn,
  timeConditions,
} from './list-conditions.ts';
import { IN_FILE } from './quarantine-table.ts';
import { FORK_ORIGIN, IS_UNDER_WAY } from './schema.ts';
import { ownerColumn } from './session-keys-table.ts';
import { isInSight } from './sight-condition.ts';

/** A way through the sessions, along a SQL index in which those that can pass the filter lie together. */
export interface Way {
  /** The column that orders the entries; null if only their sequence numbers do. */
  readonly by: TimeColumn | null;
  /** The column of the sequence number, in the table that is read first. */
  readonly sequence: 'sessions.seq' | 't.seq';
  /** The FROM clause, and the conditions that every entry fulfils. */
  readonly from: Query;
  /** The times that the filter allows. */
  readonly span: Span;
  /** Conditions that entries may not fulfil. */
  readonly others: readonly Query[];
}

/** The way along the SQL index of a time: of a tree, of a user, of a project, of the roots, or of all. */
export function wayByTime(filter: HalfFilter, by: TimeColumn, terms: readonly number[]): Way {
  const name = filter.archived === 'ONLY' ? 'archived' : 'live';
  const along = (which: string, rest: HalfFilter, condition = '', ...values: SQLInputValue[]): Way => ({
    by,
    sequence: 'sessions.seq',
    from: {
      sql: `sessions INDEXED BY ${name}${which}_${by} WHERE ${isArchived(filter).sql}${condition}`,
      values,
    },
    span: spanOf(filter, by),
    others: [...otherConditions(rest), ...timeConditions(filter, by), ...terms.map(hasTerm)],
  });
  const { rootId, userId, project } = filter;
  if (by === 'tree_last_active_at') {
    const rest = { ...filter, rootsOnly: null };
    if (userId == null) return along('_roots_by', rest, ' AND depth = 0');
    return along(
      '_roots_by_user_id_and',
      { ...rest, userId: null },
      ' AND depth = 0 AND user_id = ?',
      userId,
    );
  }
  if (rootId != null)
    return along('_by_root_id_and', { ...filter, rootId: null }, ' AND root_id = ?', rootId);
  if (userId != null)
    return along('_by_user_id_and', { ...filter, userId: null }, ' AND user_id = ?', userId);
  if (project != null)
    return along('_by_project_and', { ...filter, project: null }, ' AND project = ?', project);
  if (filter.rootsOnly) return along('_roots_by', { ...filter, rootsOnly: null }, ' AND depth = 0');
  return along('_by', filter);
}

/** The way through the sessions with the parent `parentId`. */
export function wayOfChildren(filter: HalfFilter, parentId: string, terms: readonly number[]): Way {
  return {
    by: null,
    sequence: 'sessions.seq',
    from: { sql: 'sessions INDEXED BY sessions_parent_id WHERE parent_id = ?', values: [parentId] },
    span: ALL,
    others: [
      isArchived(filter),
      ...otherConditions({ ...filter, parentId: null }),
      ...timeConditions(filter),
      ...terms.map(hasTerm),
    ],
  };
}

/** The way through the sessions that have a term of metadata. */
export function wayOfTerm(filter: HalfFilter, term: number): Way {
  return {
    by: null,
    sequence: 't.seq',
    from: {
      sql: 'metadata_terms t CROSS JOIN sessions ON sessions.seq = t.seq WHERE t.term = ?',
      values: [term],
    },
    span: ALL,
    others: [isArchived(filter), ...otherConditions(filter), ...timeConditions(filter)],
  };
}

/** The way through the sessions whose keys begin with `prefix`. */
export function wayOfKeys(filter: HalfFilter, prefix: string, terms: readonly number[]): Way {
  const { sql, values } = beginsWith('t.key', prefix);
  return {
    by: null,
    sequence: 't.seq',
    from: { sql: `session_keys t CROSS JOIN sessions ON sessions.seq = t.seq WHERE ${sql}`, values },
    span: ALL,
    others: [
      isArchived(filter),
      ...otherConditions({ ...filter, keyPrefix: null }),
      ...timeConditions(filter),
      ...terms.map(hasTerm),
    ],
  };
}

/** The way through the guests in trees of an owner. */
export function wayOfGuests(filter: HalfFilter, ownerId: string, terms: readonly number[]): Way {
  return {
    by: null,
    sequence: 't.seq',
    from: {
      sql: 'guests t CROSS JOIN sessions ON sessions.seq = t.seq WHERE t.owner = ?',
      values: [ownerColumn(ownerId)],
    },
    span: ALL,
    others: [
      isArchived(filter),
      ...otherConditions(filter),
      ...timeConditions(filter),
      ...terms.map(hasTerm),
    ],
  };
}

/** The way through the forks of session `originId` that are in sight. */
export function wayOfForks(originId: string, sight: Sight | null | undefined): Way {
  return {
    by: 'created_at',
    sequence: 'sessions.seq',
    from: {
      sql: `sessions INDEXED BY forks WHERE forked_from IS NOT NULL AND ${FORK_ORIGIN} = ?`,
      values: [originId],
    },
    span: ALL,
    others: sight ? [isInSight(sight)] : [],
  };
}

/** The way through the damaged sessions, which must be few: each step sorts all of them. */
export function wayOfDamaged(filter: HalfFilter): Way {
  return {
    by: null,
    sequence: 'sessions.seq',
    from: {
      sql:
        `(SELECT DISTINCT session_id AS damaged_id FROM quarantine WHERE ${IN_FILE}) ` +
        'CROSS JOIN sessions ON sessions.id = damaged_id WHERE true',
      values: [],
    },
    span: ALL,
    others: [isArchived(filter), ...otherConditions({ ...filter, damaged: null }), ...timeConditions(filter)],
  };
}

/** The way through the sessions that run or wait, and are not archived. */
export function wayUnderWay(filter: HalfFilter, terms: readonly number[]): Way {
  return {
    by: null,
    sequence: 'sessions.seq',
    from: {
      sql: `sessions INDEXED BY live_under_way WHERE ${isArchived(filter).sql} AND ${IS_UNDER_WAY}`,
      values: [],
    },
    span: ALL,
    others: [...otherConditions(filter), ...timeConditions(filter), ...terms.map(hasTerm)],
  };
}
