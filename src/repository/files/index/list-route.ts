import { FILTERED_TIMES, type HalfFilter, isLimited, type TimeColumn } from './list-conditions.ts';
import { countQuery, rangesOf } from './list-query.ts';
import {
  type Way,
  wayByTime,
  wayOfChildren,
  wayOfDamaged,
  wayOfGuests,
  wayOfKeys,
  wayOfTerm,
  wayUnderWay,
} from './list-ways.ts';
import { filterTerms, TOO_MANY } from './metadata-terms.ts';
import { isEmpty, RowMatch } from './row-match.ts';
import { UNDER_WAY } from './schema.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** Up to this many sessions, sorting them costs less than finding them along the list's SQL index. */
export const RARE_SESSIONS_MAX = 2_000;

/**
 * Terms of a metadata filter that a query uses, so that its text stays short; the comparison of metadata itself needs none of
 * them.
 */
const TERMS_MAX = 16;

/** The values of `countQuery`. */
export interface Counted {
  readonly walked: number;
  readonly passed: number;
}

/** Where the sessions are that can pass a filter, and what is left to compare. */
export interface Route {
  readonly ways: readonly Way[];
  /** True if the one way has the order of the list. */
  readonly isOrdered: boolean;
  readonly match: RowMatch | null;
}

/** Chooses the ways for a list in the order of `time`, or for a count if `time` is null. */
export function* routeOf(tables: IndexTables, filter: HalfFilter, time: TimeColumn | null): Steps<Route> {
  const { metadata, parentId, keyPrefix, guestsOf } = filter;
  const match = RowMatch.of(filter);
  const terms = isEmpty(metadata) ? [] : filterTerms(metadata!).slice(0, TERMS_MAX);
  const unordered = (...ways: Way[]): Route => ({ ways, isOrdered: false, match });
  if (guestsOf != null) return unordered(wayOfGuests(filter, guestsOf, terms));
  const rare = yield* rareTerm(tables, terms);
  if (rare !== null) return unordered(wayOfTerm(filter, rare), wayOfTerm(filter, TOO_MANY));
  if (keyPrefix != null) {
    const way = wayOfKeys(filter, keyPrefix, terms);
    if (yield* isRare(tables, way)) return unordered(way);
  }
  if (parentId != null) return unordered(wayOfChildren(filter, parentId, terms));
  // The tree of a root has one root.
  if (time === 'tree_last_active_at' && filter.rootId != null)
    return unordered(wayByTime(filter, 'created_at', terms));
  for (const way of shortWays(filter, terms)) if (yield* isShort(tables, way)) return unordered(way);
  for (const other of FILTERED_TIMES) {
    if (other === time || !isLimited(filter, other)) continue;
    const way = wayByTime(filter, other, terms);
    if (time === null || (yield* isShort(tables, way))) return unordered(way);
  }
  return { ways: [wayByTime(filter, time ?? 'last_active_at', terms)], isOrdered: true, match };
}

/** Ways that are short in most stores. */
function shortWays(filter: HalfFilter, terms: readonly number[]): Way[] {
  const { damaged, statuses, archived } = filter;
  const isUnderWay = archived === 'EXCLUDE' && statuses?.every((status) => UNDER_WAY.includes(status));
  return [...(damaged ? [wayOfDamaged(filter)] : []), ...(isUnderWay ? [wayUnderWay(filter, terms)] : [])];
}

/** True if a way has at most `RARE_SESSIONS_MAX` entries. */
function* isShort(tables: IndexTables, way: Way): Steps<boolean> {
  const [range] = rangesOf(way);
  if (!range) return true;
  const { sql, values } = countQuery({ ...way, others: [] }, range, RARE_SESSIONS_MAX + 1);
  const { walked } = tables.connection.flushed().get<Counted>(sql, ...values)!;
  yield walked;
  return walked <= RARE_SESSIONS_MAX;
}

/** As `isShort`, for a way whose entries do not lie in its order. */
function* isRare(tables: IndexTables, { from }: Way): Steps<boolean> {
  const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM ${from.sql} LIMIT ?)`;
  const limit = RARE_SESSIONS_MAX + 1;
  const { n } = tables.connection.flushed().get<{ n: number }>(sql, ...from.values, limit)!;
  yield n;
  return n < limit;
}

/** The term with the fewest sessions; null if these are more than `RARE_SESSIONS_MAX`. */
function* rareTerm(tables: IndexTables, terms: readonly number[]): Steps<number | null> {
  let rarest: number | null = null;
  let fewest = RARE_SESSIONS_MAX + 1;
  for (const term of terms) {
    const sql = 'SELECT count(*) AS n FROM (SELECT 1 FROM metadata_terms WHERE term = ? LIMIT ?)';
    const { n } = tables.connection.flushed().get<{ n: number }>(sql, term, fewest)!;
    yield n;
    if (n < fewest) {
      rarest = term;
      fewest = n;
    }
  }
  return rarest;
}
