import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { EPOCH_LENGTH, epochOf, SELECT_EPOCH } from './epoch.ts';

/**
 * Which transactions had been committed: all whose clock is below `end`, but for those that were `open`. Two snapshots of the same rows are
 * equal, whatever goes on in the other databases of the cluster.
 */
export interface Snapshot {
  readonly end: number;
  /** Clocks below `end`, in order. */
  readonly open: readonly number[];
}

/** All is visible. */
export const EVERYTHING: Snapshot = { end: Number.MAX_SAFE_INTEGER, open: [] };

export function isVisible({ end, open }: Snapshot, clock: number): boolean {
  return clock < end && !open.includes(clock);
}

/** The condition that a column with a clock is not visible in the snapshot whose `valuesOf` begin at this parameter. */
export function isNewIn(column: string, parameter: number): string {
  const [low, end, open] = [parameter, parameter + 1, parameter + 2];
  // The first part alone is a range of an index.
  return `(${column} >= $${low}::int8 AND (${column} >= $${end}::int8 OR ${column} = ANY($${open}::int8[])))`;
}

/** The values of `isNewIn`. */
export function valuesOf({ end, open }: Snapshot): Value[] {
  return [open[0] ?? end, end, open];
}

/** Where the store is. */
export interface StoreNow {
  /** The number of the latest epoch. */
  readonly epoch: number;
  readonly snapshot: Snapshot;
  /** Above all clocks that were ever given out. `end` of the snapshot can be less than it was: clocks are in no order of commits. */
  readonly limit: number;
}

/** Selected for `nowOf`. The row of a tree has the clock of who came last, which can be less than that of a session. */
export const NOW_COLUMNS = `${SELECT_EPOCH} AS epoch, pg_current_snapshot()::text AS snapshot,
  greatest((SELECT max(clock) FROM trees), (SELECT max(clock) FROM sessions), (SELECT max(clock) FROM tombstones)) AS head`;

const SELECT_NOW = `SELECT ${NOW_COLUMNS}`;

export interface NowRow {
  readonly epoch: string;
  /** "xmin:xmax:xid,xid". */
  readonly snapshot: string;
  readonly head: number | null;
}

/**
 * Open transactions of other databases of the cluster, and those that have ended since the snapshot. Locks on numbers of transactions name
 * no database, but a process that holds one also has locks in its own.
 */
const SELECT_HOLDERS = `WITH held AS MATERIALIZED (
    SELECT pid, locktype, database, transactionid::text AS xid FROM pg_locks WHERE granted
  )
  SELECT h.xid, bool_or(d.database <> 0 AND d.database <> (SELECT oid FROM pg_database WHERE datname = current_database())) AS is_foreign
  FROM held h LEFT JOIN held d ON d.pid = h.pid WHERE h.locktype = 'transactionid' AND h.xid = ANY($1::text[]) GROUP BY h.xid`;

/** Numbers of transactions in locks have 32 bits. */
const XIDS = 2 ** 32;

/** Reads where the store is; in one statement, so that this needs no transaction. */
export async function readNow(queries: Queries, options?: ReadOptions): Promise<StoreNow> {
  const [row] = await queries.rows<NowRow>(SELECT_NOW, [], options);
  return await nowOf(queries, row!, options);
}

/** Where the store was when the row with `NOW_COLUMNS` was read. */
export async function nowOf(
  queries: Queries,
  { epoch: value, snapshot, head }: NowRow,
  options?: ReadOptions,
): Promise<StoreNow> {
  const epoch = epochOf(value);
  const begin = epoch * EPOCH_LENGTH;
  const end = Math.max(begin, (head ?? -1) + 1);
  const [, next, running] = snapshot.split(':') as [string, string, string];
  const xids = running === '' ? [] : running.split(',').map(Number);
  const open = xids.filter((xid) => begin + xid < end);
  const own = open.length === 0 ? open : await ofThisDatabase(queries, open, options);
  return {
    epoch,
    snapshot: { end, open: own.map((xid) => begin + xid).sort((one, other) => one - other) },
    limit: Math.max(end, begin + Number(next)),
  };
}

async function ofThisDatabase(
  queries: Queries,
  xids: readonly number[],
  options: ReadOptions | undefined,
): Promise<number[]> {
  const text = (xid: number) => String(xid % XIDS);
  const rows = await queries.rows<{ xid: string; is_foreign: boolean | null }>(
    SELECT_HOLDERS,
    [xids.map(text)],
    options,
  );
  const foreign = new Set(rows.filter((row) => row.is_foreign).map(({ xid }) => xid));
  return xids.filter((xid) => !foreign.has(text(xid)));
}
