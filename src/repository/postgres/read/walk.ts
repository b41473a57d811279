import type { ReadOptions } from '../../read-options.ts';
import type { Place } from '../rows/places.ts';

/** The entries that one statement walks for a request, in the first one, the second one and so on. */
const ENTRIES = [512, 8_192] as const;

/** The statements of a walk. Each walks a number of entries that is a constant of its text: its plan depends on it. */
export type WalkStatements = readonly { readonly most: number; readonly sql: string }[];

/** `sql` gets the number of entries for its LIMIT. */
export function walkStatements(
  sql: (most: number) => string,
  entries: readonly number[] = ENTRIES,
): WalkStatements {
  return entries.map((most) => ({ most, sql: sql(most) }));
}

/**
 * What a walk has come to, as a FROM item to name with AS. `entries` selects, in the order of the walk, the `home` and `sid` of sessions,
 * whether each `passes`, what it adds to a sum as `amount`, and its `key`. `columns` are more aggregates of the entries `e`.
 */
export function walkedIn(entries: string, columns = ''): string {
  return `(SELECT count(*) AS walked, (array_agg(e.key))[count(*)::int4] AS last_key,
      (array_agg(e.sid))[count(*)::int4] AS last_sid,
      coalesce(sum(e.amount) FILTER (WHERE e.passes), 0)::int8 AS amount,
      array_agg(e.home) FILTER (WHERE e.passes) AS homes, array_agg(e.sid) FILTER (WHERE e.passes) AS sids,
      array_agg(e.ordinal) FILTER (WHERE e.passes) AS ordinals${columns}
    FROM (SELECT x.*, row_number() OVER () AS ordinal FROM (${entries}) AS x) AS e)`;
}

/** The columns of `walkedIn AS w`. */
export const WALKED = 'w.walked, w.last_key, w.last_sid, w.amount, w.homes, w.sids, w.ordinals';

/** What one statement walked for a request. */
export interface WalkedRow<Key> {
  /** Which of the open walks, from 1. */
  readonly n: number;
  readonly walked: number;
  /** The last entry; null if there is none. */
  readonly last_key: Key | null;
  readonly last_sid: number | null;
  readonly amount: number;
  /** The sessions that pass, and the number of entries up to and with each; null for none. */
  readonly homes: readonly number[] | null;
  readonly sids: readonly number[] | null;
  readonly ordinals: readonly number[] | null;
}

/** The walk of one request. */
export class Walk<Request, Key> {
  readonly request: Request;
  readonly wanted: number;
  readonly #countLimit: number;
  /** The last entry that was walked. */
  last: { readonly key: Key; readonly sid: number } | null = null;
  readonly found: Place[] = [];
  count = 0;
  amount = 0;
  isOver = false;

  /** `wanted`: so many sessions that pass; null to count them, up to `countLimit`. */
  constructor(request: Request, wanted: number | null, countLimit = Number.POSITIVE_INFINITY) {
    this.request = request;
    this.wanted = wanted ?? Number.POSITIVE_INFINITY;
    this.#countLimit = wanted === null ? countLimit : Number.POSITIVE_INFINITY;
  }

  /** Returns the number of entries walked that are not part of the answer. */
  take(row: WalkedRow<Key> | undefined, most: number): number {
    if (!row) {
      this.isOver = true;
      return 0;
    }
    const { homes, sids, ordinals } = row;
    const passed = sids?.length ?? 0;
    this.last = row.last_key === null ? this.last : { key: row.last_key, sid: row.last_sid! };
    this.count = Math.min(this.count + passed, this.#countLimit);
    this.amount += row.amount;
    this.isOver = row.walked < most || this.count >= Math.min(this.wanted, this.#countLimit);
    if (this.wanted === Number.POSITIVE_INFINITY) return row.walked;
    const taken = Math.min(passed, this.wanted - this.found.length);
    for (let n = 0; n < taken; n += 1) this.found.push({ home: homes![n]!, sid: sids![n]! });
    return taken > 0 && this.found.length === this.wanted
      ? ordinals![taken - 1]! - taken
      : row.walked - taken;
  }
}

/**
 * Runs walks to their ends, many at once, some entries of each at a time. `step` runs one statement for the walks that are still open.
 * `onWalk` is called after each, and can end all of them.
 */
export async function walkAll<Request, Key>(
  walks: readonly Walk<Request, Key>[],
  statements: WalkStatements,
  step: (sql: string, open: readonly Walk<Request, Key>[]) => Promise<readonly WalkedRow<Key>[]>,
  options?: ReadOptions,
): Promise<void> {
  const wanted = walks.reduce((most, walk) => Math.max(most, walk.wanted), 0);
  const first = statements.findIndex(({ most }) => most >= wanted);
  let open = walks;
  for (let n = first < 0 ? statements.length - 1 : first; open.length > 0; n += 1) {
    const { most, sql } = statements[Math.min(n, statements.length - 1)]!;
    const rows = await step(sql, open);
    const byNumber = new Map(rows.map((row) => [row.n, row]));
    let walked = 0;
    for (const [index, walk] of open.entries()) walked += walk.take(byNumber.get(index + 1), most);
    if (walked > 0) options?.onWalk?.(walked);
    open = open.filter(({ isOver }) => !isOver);
  }
}
