import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';
import type { Sums } from './usage-table.ts';

/** A row of `usage`, and the columns of its session that were asked for. */
export type UsageRow = readonly [
  session: number,
  day: number,
  model: string | null,
  sums: Sums,
  ...ofSession: (string | null)[],
];

/** Which rows are read. */
export interface UsageRowsScope {
  /** In ascending order, each once; null: of all sessions. */
  readonly sessions: readonly number[] | null;
  /** Whole days since 1970, both included. Default: all days. */
  readonly days?: { readonly first: number; readonly last: number } | undefined;
  /** Columns of the table `sessions`, which are texts. */
  readonly columns?: readonly string[] | undefined;
}

/** Rows that are read in one step: a millisecond of work, or two. */
const ROWS_AT_ONCE = 1_000;
/** Sessions whose rows are read together. */
const SESSIONS_AT_ONCE = 500;

const ALL_DAYS = { first: Number.MIN_SAFE_INTEGER, last: Number.MAX_SAFE_INTEGER };

/** Passes rows to `visit`, those of a session together, and sessions in order of their sequence numbers. Each row counts as walked. */
export function* eachUsageRow(
  tables: IndexTables,
  { sessions, days = ALL_DAYS, columns = [] }: UsageRowsScope,
  visit: (row: UsageRow) => void,
): Steps<void> {
  const reading: Reading = { tables, days, row: rowText(columns), join: joinFor(columns), visit };
  if (sessions === null) yield* eachBetween(reading, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  else
    for (let from = 0; from < sessions.length; from += SESSIONS_AT_ONCE)
      yield* eachOf(reading, sessions.slice(from, from + SESSIONS_AT_ONCE));
}

interface Reading {
  readonly tables: IndexTables;
  readonly days: { readonly first: number; readonly last: number };
  /** A row as JSON, in SQL. */
  readonly row: string;
  readonly join: string;
  readonly visit: (row: UsageRow) => void;
}

// One text for all rows of a step: half the time of as many rows, each with its columns.
function rowText(columns: readonly string[]): string {
  const more = columns.map((column) => ` || ',' || json_quote(s.${column})`).join('');
  return `'[' || u.session || ',' || u.day || ',' || u.model || ',' || u.sums${more} || ']'`;
}

function joinFor(columns: readonly string[]): string {
  return columns.length === 0 ? '' : ' CROSS JOIN sessions s ON s.seq = u.session';
}

function pass(text: string | null, visit: (row: UsageRow) => void): number {
  if (text === null) return 0;
  const rows = JSON.parse(`[${text}]`) as UsageRow[];
  for (const row of rows) visit(row);
  return rows.length;
}

/** The rows of some sessions. */
function* eachOf(reading: Reading, sessions: readonly number[]): Steps<void> {
  const { tables, days, row, join, visit } = reading;
  const connection = tables.connection.flushed();
  const some = JSON.stringify(sessions);
  const of = 'FROM json_each(?) j CROSS JOIN usage u ON u.session = j.value AND u.day BETWEEN ? AND ?';
  const { count } = connection.get<{ count: number }>(
    `SELECT count(*) AS count FROM (SELECT 1 ${of} LIMIT ?)`,
    some,
    days.first,
    days.last,
    ROWS_AT_ONCE + 1,
  )!;
  if (count > ROWS_AT_ONCE) {
    if (sessions.length === 1) {
      yield* eachBetween(reading, sessions[0]!, sessions[0]!);
      return;
    }
    const middle = sessions.length >> 1;
    yield* eachOf(reading, sessions.slice(0, middle));
    yield* eachOf(reading, sessions.slice(middle));
    return;
  }
  if (count > 0) {
    const sql = `SELECT group_concat(${row}) AS rows ${of}${join}`;
    pass(connection.get<{ rows: string | null }>(sql, some, days.first, days.last)!.rows, visit);
  }
  yield count + sessions.length;
}

interface Key {
  readonly session: number;
  readonly day: number;
  readonly model: string;
}

/** The rows of all sessions between two, both included. Rows of other days are passed over. */
function* eachBetween({ tables, days, row, join, visit }: Reading, first: number, last: number): Steps<void> {
  const connection = tables.connection.flushed();
  const sql = `SELECT group_concat(${row}) AS rows FROM usage u${join}
    WHERE (u.session, u.day, u.model) > (?, ?, ?) AND (u.session, u.day, u.model) <= (?, ?, ?) AND u.day BETWEEN ? AND ?`;
  let after: Key = { session: first, day: Number.MIN_SAFE_INTEGER, model: '' };
  for (;;) {
    const { session, day, model } = after;
    const reached = connection.get<Key>(SELECT_BEYOND, session, day, model, last, ROWS_AT_ONCE - 1);
    const until = reached ?? { session: last, day: Number.MAX_SAFE_INTEGER, model: '' };
    const { rows } = connection.get<{ rows: string | null }>(
      sql,
      session,
      day,
      model,
      until.session,
      until.day,
      until.model,
      days.first,
      days.last,
    )!;
    const passed = pass(rows, visit);
    yield reached ? ROWS_AT_ONCE : passed;
    if (!reached) return;
    after = reached;
  }
}

const SELECT_BEYOND = `SELECT session, day, model FROM usage
  WHERE (session, day, model) > (?, ?, ?) AND session <= ? ORDER BY session, day, model LIMIT 1 OFFSET ?`;
