import type { SQLInputValue } from 'node:sqlite';
import type { SessionFilter, SessionOrderField } from '../../../model/session.ts';
import { endOfPrefix } from '../../runtime/end-of-prefix.ts';
import { TOO_MANY } from './metadata-terms.ts';
import { IN_FILE } from './quarantine-table.ts';
import { isInSight } from './sight-condition.ts';

export interface Query {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/**
 * A filter of a part of the sessions that another filter lets pass: either the archived or the other ones (INCLUDE is merged from both),
 * and of those of an owner either those of the owner as a user, or guests.
 */
export interface HalfFilter extends SessionFilter {
  readonly archived: 'EXCLUDE' | 'ONLY';
  /** Only guests in trees of this owner; see `GuestsTable`. */
  readonly guestsOf?: string | null;
}

/** All integers from `min` to `max`, both included. */
export interface Span {
  readonly min: number;
  readonly max: number;
}

export const ALL: Span = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

export const TIME_COLUMNS = {
  CREATED_AT: 'created_at',
  LAST_ACTIVE_AT: 'last_active_at',
  TREE_LAST_ACTIVE_AT: 'tree_last_active_at',
} as const satisfies Record<SessionOrderField, string>;

/** A column that orders a list. */
export type TimeColumn = (typeof TIME_COLUMNS)[SessionOrderField];

/** The times that a filter can restrict. */
export const FILTERED_TIMES = ['created_at', 'last_active_at'] as const;

export function isArchived({ archived }: HalfFilter): Query {
  return { sql: `archived_at IS ${archived === 'ONLY' ? 'NOT NULL' : 'NULL'}`, values: [] };
}

const IS_DAMAGED = `EXISTS (SELECT 1 FROM quarantine q WHERE q.session_id = sessions.id AND ${IN_FILE})`;

/** All conditions except those on archival, times and metadata, and on the words of the title. */
export function otherConditions(filter: SessionFilter): Query[] {
  const conditions: Query[] = [];
  const add = (sql: string, ...values: SQLInputValue[]) => conditions.push({ sql, values });
  if (filter.userId != null) add('user_id = ?', filter.userId);
  if (filter.keyPrefix != null) conditions.push(beginsWith('key', filter.keyPrefix));
  // Not by `parent_id`: an orphan is a root, too.
  if (filter.rootsOnly && filter.sight?.withinId == null) add('depth = 0');
  else if (filter.rootsOnly) add('id = ?', filter.sight!.withinId!);
  if (filter.parentId != null) add('parent_id = ?', filter.parentId);
  if (filter.rootId != null) add('root_id = ?', filter.rootId);
  if (filter.project != null) add('project = ?', filter.project);
  if (filter.agentName != null) add('agent_name = ?', filter.agentName);
  if (filter.statuses != null)
    add('status IN (SELECT value FROM json_each(?))', JSON.stringify([...new Set(filter.statuses)]));
  if (filter.damaged != null) add(filter.damaged ? IS_DAMAGED : `NOT ${IS_DAMAGED}`);
  if (filter.title != null) add('title IS NOT NULL');
  if (filter.sight) conditions.push(isInSight(filter.sight));
  return conditions;
}

/** Texts are in the order of their code points, so that those with a prefix lie together. */
export function beginsWith(column: string, prefix: string): Query {
  const end = endOfPrefix(prefix);
  if (end === null) return { sql: `${column} >= ?`, values: [prefix] };
  return { sql: `${column} >= ? AND ${column} < ?`, values: [prefix, end] };
}

/** The conditions on all times but `except`. */
export function timeConditions(filter: HalfFilter, except?: TimeColumn): Query[] {
  return FILTERED_TIMES.filter((column) => column !== except && isLimited(filter, column)).map((column) => {
    const { min, max } = spanOf(filter, column);
    return { sql: `${column} BETWEEN ? AND ?`, values: [min, max] };
  });
}

/** The times of a column that the filter allows. */
export function spanOf(filter: HalfFilter, column: TimeColumn): Span {
  if (column === 'tree_last_active_at') return ALL;
  const [after, before] =
    column === 'created_at'
      ? [filter.createdAfter, filter.createdBefore]
      : [filter.activeAfter, filter.activeBefore];
  return { min: after ? after.getTime() : ALL.min, max: before ? before.getTime() - 1 : ALL.max };
}

/** True if the filter restricts this time. */
export function isLimited(filter: HalfFilter, column: TimeColumn): boolean {
  const { min, max } = spanOf(filter, column);
  return min !== ALL.min || max !== ALL.max;
}

export function hasTerm(term: number): Query {
  return {
    sql: 'EXISTS (SELECT 1 FROM metadata_terms t WHERE t.term IN (?, ?) AND t.seq = sessions.seq)',
    values: [term, TOO_MANY],
  };
}
