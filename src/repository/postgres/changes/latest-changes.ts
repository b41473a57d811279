import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { DELETED, type KnownSession, LIVING } from './known-session.ts';
import type { ChangePlace, Series } from './mark.ts';
import { isNewIn, valuesOf } from './snapshot.ts';

/** Where changes are looked for: in one tree, in several, or in the whole store. */
export type Scope =
  | { readonly root: number; readonly homes: readonly number[] }
  | { readonly roots: readonly number[] }
  | null;

/** Parameters 1 to 11: what is to be told, behind which place, and how many. */
const isTold = (table: string, isDeleted: 0 | 1, place: string) => `${isNewIn(`${table}.clock`, 1)}
  AND NOT ${isNewIn(`${table}.clock`, 4)} AND ${table}.clock >= $7::int8
  AND (${table}.clock, ${table}.number, ${isDeleted}, ${table}.${place}) > ($7::int8, $8::int8, $9::int4, $10::int8)`;

const select = (scope: (table: string) => string) => `SELECT * FROM (
    (SELECT ${LIVING} FROM sessions s WHERE ${isTold('s', 0, 'sid')}${scope('s')}
      ORDER BY s.clock, s.number, s.sid LIMIT $11::int8)
    UNION ALL
    (SELECT ${DELETED} FROM tombstones t WHERE ${isTold('t', 1, 'place')}${scope('t')}
      ORDER BY t.clock, t.number, t.place LIMIT $11::int8)
  ) latest ORDER BY clock, number, deleted, place LIMIT $11::int8`;

const IN_STORE = select(() => '');
const IN_TREE = select((table) => ` AND ${table}.root = $12::int8 AND ${table}.home = ANY($13::int8[])`);
/** Sessions have moved between these trees: their homes may be anywhere. */
const IN_TREES = select((table) => ` AND ${table}.root = ANY($12::int8[])`);

/** The latest changes of sessions, at most `limit`, in order, that are in a series behind a place. */
export async function latestChanges(
  queries: Queries,
  scope: Scope,
  { told, goal }: Series,
  after: ChangePlace,
  limit: number,
  options?: ReadOptions,
): Promise<KnownSession[]> {
  const values: Value[] = [
    ...valuesOf(told),
    ...valuesOf(goal),
    after.clock,
    after.number,
    after.deleted,
    after.place,
    limit,
  ];
  if (scope === null) return await queries.rows(IN_STORE, values, options);
  if ('root' in scope) {
    const { root, homes } = scope;
    return await queries.rows(IN_TREE, [...values, root, homes], options);
  }
  return await queries.rows(IN_TREES, [...values, scope.roots], options);
}
