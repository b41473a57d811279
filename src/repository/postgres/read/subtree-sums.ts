import type { ReadOptions } from '../../read-options.ts';
import { endOfPath, isBeneath } from '../rows/path-sql.ts';
import type { Place } from '../rows/places.ts';
import { sessionAt, treeOf } from './joins.ts';
import type { ReadParts } from './parts.ts';

/** A column of the answer. */
export interface SummedColumn {
  readonly type: string;
  /** Of a session `s`, or of what is joined to it, in SQL. */
  readonly value: string;
  /** The sum of a number of values; default: `sumOf`. */
  readonly sum?: (column: string) => string;
}

/** What is added up over subtrees. */
export interface Summed {
  /** Joined to a session `s`; each row counts by itself. */
  readonly join?: string;
  /** Only rows with the same key are added up. */
  readonly key: string;
  readonly columns: Readonly<Record<string, SummedColumn>>;
}

/** Stops at 2^53 - 1, as sums of tokens do. */
const sumOf = (column: string) => `least(sum(${column}), ${Number.MAX_SAFE_INTEGER})`;

/** The sessions `s` in the subtree of the top `r`. Each home of the tree is looked at by itself. */
export const WITHIN = `${treeOf('r', 't')}
    CROSS JOIN LATERAL unnest(t.homes) AS h (home)
    CROSS JOIN LATERAL (SELECT * FROM sessions x WHERE x.home = h.home
      AND ${isBeneath('x', { root: 'r.root', path: 'r.path', end: endOfPath('r.path') })} OFFSET 0) AS s`;

/** The sessions `s` of places `asked`. */
export const AT_PLACE = sessionAt('asked', 's');

/** What the sessions `s` paid. */
export const OWN_USAGE =
  'LATERAL (SELECT * FROM usage x WHERE x.home = s.home AND x.sid = s.sid OFFSET 0) AS u ON true';

/**
 * The sums over the subtrees of all tops. A region is the subtree of a top that is within that of no other: each is read once, however the subtrees
 * in it overlap. In the order of paths, the beginnings and ends of subtrees are the bounds that divide a region into stretches, numbered by `k`; the
 * sessions of a stretch are in the same subtrees. The answer has a row for each bound, and behind it one for each key of its stretch. A region of one
 * top has no other stretch, so that nothing needs to be put in order.
 */
export function subtreeSumsSql({ join = '', key, columns }: Summed): string {
  const all = Object.entries(columns);
  const values = `${key} AS key, ${all.map(([name, { value }]) => `${value} AS ${name}`).join(', ')}`;
  const nothing = `NULL AS key, ${all.map(([name, { type }]) => `NULL::${type} AS ${name}`).join(', ')}`;
  const sums = all.map(([name, { type, sum = sumOf }]) => `(${sum(name)})::${type} AS ${name}`).join(', ');
  const isAlone = '(is_region AND NOT is_around)';
  return `WITH tops AS MATERIALIZED (
    SELECT s.sid, s.root, s.root_home, s.path FROM unnest($1::int8[], $2::int8[]) AS asked (home, sid) ${AT_PLACE}
  ), nested AS (
    SELECT *, (encode(path, 'hex') COLLATE "C" >= max(encode(${endOfPath('path')}, 'hex') COLLATE "C")
        OVER (PARTITION BY root ORDER BY path ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) IS NOT FALSE AS is_region,
      (lead(path) OVER (PARTITION BY root ORDER BY path) < ${endOfPath('path')}) IS TRUE AS is_around
    FROM tops
  ), regions AS MATERIALIZED (
    SELECT *, count(*) FILTER (WHERE is_region) OVER (ORDER BY root, path ROWS UNBOUNDED PRECEDING) AS region FROM nested
  ), merged AS (
    SELECT region, sid AS bound, true AS opens, path, ${nothing} FROM regions WHERE NOT ${isAlone}
    UNION ALL SELECT region, sid, false, ${endOfPath('path')}, ${nothing} FROM regions WHERE NOT ${isAlone}
    UNION ALL SELECT r.region, NULL, NULL, s.path, ${values} FROM regions r ${WITHIN} ${join} WHERE r.is_region AND r.is_around
  ), stretches AS (
    SELECT *, count(bound) OVER (PARTITION BY region ORDER BY path, bound IS NULL ROWS UNBOUNDED PRECEDING) AS k FROM merged
  )
  SELECT region, 1 AS k, sid AS bound, true AS opens, 0 AS rows, ${nothing} FROM regions WHERE ${isAlone}
  UNION ALL SELECT region, 1, NULL, NULL, count(*), key, ${sums}
    FROM (SELECT r.region, ${values} FROM regions r ${WITHIN} ${join} WHERE r.is_region AND NOT r.is_around) AS alone
    GROUP BY region, key
  UNION ALL SELECT region, k, bound, opens, count(*) FILTER (WHERE bound IS NULL), key, ${sums}
    FROM stretches GROUP BY region, k, bound, opens, key
  ORDER BY region, k, bound`;
}

/** A row of the answer: a bound, or the sums of the rows with a key in its stretch. */
export interface SumRow {
  readonly region: number;
  /** Of the top whose subtree begins or ends here. */
  readonly bound: number | null;
  readonly opens: boolean | null;
  readonly key: string | null;
  /** The number of rows that were added up. */
  readonly rows: number;
}

/** How sums are kept in the program. */
export interface Summing<Row extends SumRow, Sum> {
  zero(): Sum;
  addRow(to: Sum, row: Row): void;
  /** Adds the sum of a subtree to that of one around it. Returns the number of rows that this counts as. */
  add(to: Sum, more: Sum): number;
}

/** The sums over each session and all beneath it, by `sid`; without sessions that do not exist. */
export async function subtreeSums<Row extends SumRow, Sum>(
  { database }: ReadParts,
  sql: string,
  places: Iterable<Place>,
  { zero, addRow, add }: Summing<Row, Sum>,
  options?: ReadOptions,
): Promise<Map<number, Sum>> {
  const tops = [...places];
  if (tops.length === 0) return new Map();
  const values = [tops.map(({ home }) => home), tops.map(({ sid }) => sid)];
  const rows = await database.rows<Row>(sql, values, options);
  const walked = rows.reduce((sum, row) => sum + row.rows, 0);
  if (walked > 0) options?.onWalk?.(walked);
  const sums = new Map<number, Sum>();
  let around: Sum[] = [];
  let region = 0;
  for (const row of rows) {
    if (row.region !== region) around = [];
    region = row.region;
    if (row.bound === null) addRow(around.at(-1)!, row);
    else if (row.opens) {
      const sum = zero();
      sums.set(row.bound, sum);
      around.push(sum);
    } else {
      const sum = around.pop()!;
      const copied = around.length > 0 ? add(around.at(-1)!, sum) : 0;
      if (copied > 0) options?.onWalk?.(copied);
    }
  }
  return sums;
}
