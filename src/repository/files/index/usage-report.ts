import type { SessionFilter } from '../../../model/session.ts';
import type { UsageDimension } from '../../../model/usage-report.ts';
import type { UsageReportRequest } from '../../reads.ts';
import { dayOf, startOfDay } from '../../records/paid.ts';
import type { GroupKey } from '../../usage/group-order.ts';
import { eachChild, PARENT_COLUMNS, type Parent } from './beneath.ts';
import { SessionLists } from './session-lists.ts';
import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';
import { UsageGroups } from './usage-groups.ts';
import { eachUsageRow, type UsageRow } from './usage-rows.ts';
import { usageOf } from './usage-table.ts';

/** A line with messages of a day of which the report has only a part. */
export interface LineToRead {
  readonly offset: number;
  readonly length: number;
  /** Of one of its messages. */
  readonly ordinal: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Messages of a session that are to be read: the index knows the usage of whole days alone. */
export interface PartToRead {
  readonly sessionId: string;
  readonly sequence: number;
  /** That of the session, as JSON. */
  readonly forkedFrom: string | null;
  /** In order of offset. */
  readonly lines: readonly LineToRead[];
  keyOf(day: number, model: string | null): GroupKey;
}

/** A report, to which what is in `toRead` is still to be added. */
export interface ReportBegun {
  readonly groups: UsageGroups;
  readonly toRead: readonly PartToRead[];
}

/** Columns of the table `sessions`. */
const COLUMNS: Partial<Record<UsageDimension, string>> = {
  USER: 'user_id',
  PROJECT: 'project',
  AGENT: 'agent_name',
  STATUS: 'status',
  ROOT: 'root_id',
};

/** Rows that a group counts as, beside those that it sums: it takes some 400 bytes until the report ends. */
const ROWS_PER_GROUP = 4;

/** Milliseconds since 1970: `from` inclusive, `to` exclusive. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Adds up the days that are whole. `onRead` is called with the bytes of lines that are to be read. */
export function* beginReport(
  tables: IndexTables,
  request: UsageReportRequest,
  onRead: (bytes: number) => void,
): Steps<ReportBegun> {
  const span: Span = {
    from: request.from?.getTime() ?? Number.NEGATIVE_INFINITY,
    to: request.to?.getTime() ?? Number.POSITIVE_INFINITY,
  };
  // What is read of lines comes last.
  const groups = new UsageGroups(request.by, isAtMidnight(span.from) && isAtMidnight(span.to));
  if (span.from >= span.to) return { groups, toRead: [] };
  const sessions = yield* sessionsOf(tables, request);
  const columns = request.by.flatMap((dimension) => COLUMNS[dimension] ?? []);
  const parts: Part[] = [];
  const visit = (row: UsageRow) => {
    const [session, day, model, sums] = row;
    const key = keyFor(request.by, row);
    if (isWhole(day, span)) groups.add(key(day, model), session, sums[0], usageOf(sums));
    else if (parts.at(-1)?.sequence === session) parts.at(-1)!.days.add(day);
    else parts.push({ sequence: session, days: new Set([day]), keyOf: key });
  };
  const days = { first: dayAt(span.from, Number.MIN_SAFE_INTEGER), last: lastDayOf(span.to) };
  let counted = 0;
  for (const walked of eachUsageRow(tables, { sessions, days, columns }, visit)) {
    yield walked + (groups.size - counted) * ROWS_PER_GROUP;
    counted = groups.size;
  }
  const toRead: PartToRead[] = [];
  for (const part of parts) {
    const found = yield* linesIn(tables, part, span);
    onRead(found.lines.reduce((sum, line, n) => sum + (isRepeated(found.lines, n) ? 0 : line.length), 0));
    toRead.push(found);
  }
  return { groups, toRead };
}

/** Only sessions of the request, in ascending order; null for all. */
function* sessionsOf(
  tables: IndexTables,
  { within, subtree, filter }: UsageReportRequest,
): Steps<readonly number[] | null> {
  const beneath = within == null ? null : yield* sessionsWithin(tables, within, subtree ?? true);
  const included: SessionFilter = { ...filter, archived: filter?.archived ?? 'INCLUDE' };
  const matching = isEmptyFilter(included) ? null : yield* new SessionLists(tables).sequences(included);
  const both = beneath && matching ? beneath.filter((sequence) => matching.has(sequence)) : beneath;
  const some = both ?? (matching && [...matching]);
  return some?.sort((a, b) => a - b) ?? null;
}

/** True if every session matches. */
function isEmptyFilter({ archived, rootsOnly, metadata, ...others }: SessionFilter): boolean {
  const isEmpty = metadata == null || Object.keys(metadata).length === 0;
  return (
    archived === 'INCLUDE' && !rootsOnly && isEmpty && Object.values(others).every((value) => value == null)
  );
}

function* sessionsWithin(tables: IndexTables, id: string, isWhole: boolean): Steps<number[]> {
  const top = tables.sessions.row(id);
  if (!top) return [];
  const sequences = [top.sequence];
  let level: readonly Parent[] = isWhole ? [top] : [];
  while (level.length > 0) {
    const next: Parent[] = [];
    yield* eachChild<Parent & Pick<SessionRow, 'arrival'>>(tables, level, PARENT_COLUMNS, (child) => {
      sequences.push(child.sequence);
      if (child.childCount > 0) next.push(child);
    });
    level = next;
  }
  return sequences;
}

/** Makes the keys of the responses of the session that a row belongs to. */
function keyFor(by: readonly UsageDimension[], row: UsageRow): PartToRead['keyOf'] {
  return (day, model) => {
    let column = 4;
    return by.map((dimension) => {
      if (dimension === 'DAY') return day;
      if (dimension === 'MODEL') return model;
      column += 1;
      return row[column - 1] as string | null;
    });
  };
}

function dayAt(time: number, otherwise: number): number {
  return Number.isFinite(time) ? dayOf(time) : otherwise;
}

function lastDayOf(to: number): number {
  return Number.isFinite(to) ? dayOf(to - 1) : Number.MAX_SAFE_INTEGER;
}

function isAtMidnight(time: number): boolean {
  return !Number.isFinite(time) || startOfDay(dayOf(time)) === time;
}

function isWhole(day: number, { from, to }: Span): boolean {
  return startOfDay(day) >= from && startOfDay(day + 1) <= to;
}

/** A session that has usage on days of which the report has only a part. */
interface Part extends Pick<PartToRead, 'sequence' | 'keyOf'> {
  readonly days: Set<number>;
}

/** Ordinals of messages that are looked at in one step: some milliseconds of work. */
const ORDINALS_AT_ONCE = 5_000;

/** The lines with the messages of a part, those too that were dropped. What was taken over by others is not among them. */
function* linesIn(tables: IndexTables, { sequence, days, keyOf }: Part, span: Span): Steps<PartToRead> {
  const { id, nextOrdinal, forkedFrom } = tables.sessions.rowAt(sequence)!;
  const lines: LineToRead[] = [];
  const connection = tables.connection.flushed();
  for (let ordinal = 0; ordinal < nextOrdinal; ordinal += ORDINALS_AT_ONCE) {
    const end = Math.min(ordinal + ORDINALS_AT_ONCE, nextOrdinal);
    for (const day of days) {
      const from = Math.max(startOfDay(day), span.from);
      const to = Math.min(startOfDay(day + 1), span.to);
      for (const sql of [SELECT_LINES, SELECT_DROPPED_LINES])
        for (const line of connection.all<LineToRead>(sql, sequence, ordinal, end, from, to))
          lines.push(line);
    }
    yield end - ordinal;
  }
  lines.sort((one, other) => one.offset - other.offset || one.ordinal - other.ordinal);
  return { sessionId: id, sequence, forkedFrom, lines, keyOf };
}

function isRepeated(lines: readonly LineToRead[], n: number): boolean {
  return n > 0 && lines[n - 1]!.offset === lines[n]!.offset;
}

const linesFrom = (table: string) =>
  `SELECT offset, length, ordinal, created_at AS createdAt FROM ${table}
    WHERE session = ? AND ordinal >= ? AND ordinal < ? AND created_at >= ? AND created_at < ?`;
const SELECT_LINES = linesFrom('messages');
const SELECT_DROPPED_LINES = `${linesFrom('dropped_messages')} AND NOT taken_over`;
