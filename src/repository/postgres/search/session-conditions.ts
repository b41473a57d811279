import { endOfPrefix } from '../../runtime/end-of-prefix.ts';
import { isEmpty, type KnownFilter } from '../read/session-filter.ts';
import { endOf } from '../rows/path.ts';
import { isBeneath } from '../rows/path-sql.ts';
import type { Place } from '../rows/places.ts';
import { ownerColumn } from '../rows/session-row.ts';
import type { Parameters } from './parameters.ts';

/** A session and all beneath it. */
export interface Subtree extends Place {
  readonly root: number;
  readonly path: Buffer;
  /** Those of its tree. */
  readonly homes: readonly number[];
}

/** Where sessions are looked for. */
export interface Surroundings {
  readonly within: Subtree | null;
  /** False: only the session `within` itself. */
  readonly isSubtree: boolean;
  /** `Sight.withinId`. */
  readonly sight: Subtree | null;
}

/**
 * The conditions that a session `s` meets, but for the words of its title: only those that the filter has, so that PostgreSQL can choose an
 * index for them. They say what `PASSES_FILTER` says.
 */
export function conditionsOf(
  { filter, parent, root, only }: KnownFilter,
  { within, isSubtree, sight }: Surroundings,
  parameters: Parameters,
): string[] {
  const conditions: string[] = [];
  const add = (sql: (value: string) => string, value: Parameters['values'][number], type: string) =>
    conditions.push(sql(parameters.add(value, type)));
  const equal = (column: string, value: string | number | null | undefined, type: string) => {
    if (value != null) add((given) => `s.${column} = ${given}`, value, type);
  };
  const time = (column: string, after: Date | null | undefined, before: Date | null | undefined) => {
    if (after != null) add((given) => `s.${column} >= ${given}`, after.getTime(), 'int8');
    if (before != null) add((given) => `s.${column} < ${given}`, before.getTime(), 'int8');
  };
  if (within) conditions.push(isSubtree ? isInSubtree(within, parameters) : isThis(within, parameters));
  if (filter.sight?.ownerId !== undefined) equal('owner', ownerColumn(filter.sight.ownerId), 'text');
  if (sight) conditions.push(isInSubtree(sight, parameters));
  if (only) conditions.push(isThis(only, parameters));
  else if (filter.rootsOnly) conditions.push('s.depth = 0');
  equal('parent', parent?.sid, 'int8');
  equal('root', root?.sid, 'int8');
  equal('user_id', filter.userId, 'text');
  equal('project', filter.project, 'text');
  equal('agent_name', filter.agentName, 'text');
  if (filter.keyPrefix != null) {
    const end = endOfPrefix(filter.keyPrefix);
    add((given) => `s.key COLLATE "C" >= ${given}`, filter.keyPrefix, 'text');
    if (end !== null) add((given) => `s.key COLLATE "C" < ${given}`, end, 'text');
  }
  if (filter.statuses != null) add((given) => `s.status = ANY(${given})`, [...filter.statuses], 'text[]');
  if (!isEmpty(filter.metadata)) {
    const contains = (given: string) => `s.metadata <> '{}' AND s.metadata::jsonb @> ${given}`;
    add(contains, JSON.stringify(filter.metadata), 'jsonb');
  }
  if (filter.title != null) conditions.push('s.title IS NOT NULL');
  if (filter.archived === 'ONLY') conditions.push('s.archived_at IS NOT NULL');
  if (filter.archived === 'EXCLUDE') conditions.push('s.archived_at IS NULL');
  time('created_at', filter.createdAfter, filter.createdBefore);
  time('last_active_at', filter.activeAfter, filter.activeBefore);
  return conditions;
}

/** The condition that `s` is the session at a place. */
export function isThis({ home, sid }: Place, parameters: Parameters): string {
  return `s.home = ${parameters.add(home, 'int8')} AND s.sid = ${parameters.add(sid, 'int8')}`;
}

/** The condition that `s` is in the subtree, its top included. */
export function isInSubtree({ root, path, homes }: Subtree, parameters: Parameters): string {
  const inHomes = `s.home = ANY(${parameters.add([...homes], 'int8[]')})`;
  const top = parameters.add(root, 'int8');
  if (path.length === 0) return `${inHomes} AND s.root = ${top}`;
  const from = parameters.add(path, 'bytea');
  const end = parameters.add(endOf(path), 'bytea');
  return `${inHomes} AND ${isBeneath('s', { root: top, path: from, end })}`;
}
