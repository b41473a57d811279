import { matchesAll } from '../../../model/search/matches.ts';
import { parseQuery } from '../../../model/search/query.ts';
import { isNoUsage, usageOfSum } from '../../../model/usage.ts';
import type { UsageDimension, UsageGroup } from '../../../model/usage-report.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { UsageReportRequest } from '../../reads.ts';
import { dayOf, startOfDay } from '../../records/paid.ts';
import { groupsInOrder } from '../../usage/group-order.ts';
import type { Value } from '../connection/value.ts';
import { modelOf } from './model-usages.ts';
import type { ReadParts } from './parts.ts';
import { filterValues, type KnownFilter, knownFilter } from './session-filter.ts';
import { type UsageSumColumns, usageOfRow } from './usage-columns.ts';
import { type ReportScope, reportSql, SELECT_TITLES } from './usage-statements.ts';

type Row = UsageSumColumns & { readonly [Dimension in UsageDimension]?: string | number | null } & {
  /** The number of rows that were added up. */
  readonly rows: number;
  readonly responses: number;
  readonly session_count: number;
};

/** Rows that a group counts as, beside those that it sums. */
const ROWS_PER_GROUP = 4;

/** The days of PostgreSQL's int4. */
const DAYS_MAX = 2 ** 31 - 1;

/** As `SessionReader.usageReport`. */
export async function usageReport(
  parts: ReadParts,
  request: UsageReportRequest,
  options?: ReadOptions,
): Promise<readonly UsageGroup[]> {
  const days = daysOf(request);
  const known = await knownFilter(parts, request.filter ?? {}, options);
  const scope = known && (await scopeOf(parts, request, known, options));
  if (!days || !scope) return [];
  const sids = await sidsByTitle(parts, scope, known, options);
  const hasParts = days.parts !== null;
  const values = [...sessionValues(scope, known, sids), ...days.whole, ...scope.place, ...(days.parts ?? [])];
  const sql = reportSql({ scope: scope.name, by: request.by, hasParts });
  const rows = await parts.database.rows<Row>(sql, values, options);
  // A report of nothing has looked for something, too.
  options?.onWalk?.(rows.reduce((sum, row) => sum + row.rows + ROWS_PER_GROUP, 1));
  const found = rows.flatMap((row) => {
    const usage = usageOfRow(row);
    if (row.responses === 0 && isNoUsage(usage)) return [];
    const sums = { sessionCount: row.session_count, responseCount: row.responses, usage: usageOfSum(usage) };
    return [{ key: request.by.map((dimension) => memberOf(dimension, row)), sums }];
  });
  return groupsInOrder(found, request.by, request.first ?? null);
}

function memberOf(dimension: UsageDimension, row: Row): string | number | null {
  const value = row[dimension] ?? null;
  return dimension === 'MODEL' ? modelOf(value as string) : value;
}

/** The sessions of a report, but for the filter. */
interface Scope {
  readonly name: ReportScope;
  /** Of the session that it is about: its home and its number. */
  readonly place: readonly number[];
  /** Where the sight ends, if that is not this session. */
  readonly sight: readonly [home: number | null, sid: number | null];
}

/** Null if there is no session in it. */
async function scopeOf(
  { places }: ReadParts,
  { within, subtree }: UsageReportRequest,
  { within: top }: KnownFilter,
  options?: ReadOptions,
): Promise<Scope | null> {
  if (within == null)
    return top
      ? { name: 'subtree', place: [top.home, top.sid], sight: [null, null] }
      : { name: 'store', place: [], sight: [null, null] };
  const place = await places.one(within, options);
  if (!place) return null;
  return {
    name: (subtree ?? true) ? 'subtree' : 'session',
    place: [place.home, place.sid],
    sight: top ? [top.home, top.sid] : [null, null],
  };
}

function sessionValues({ sight }: Scope, known: KnownFilter, sids: readonly number[] | null): Value[] {
  return [...filterValues(known, 'INCLUDE'), sids, ...sight];
}

/** The sessions whose title has the words of the filter, which the program compares; null if it has none. */
async function sidsByTitle(
  { database }: ReadParts,
  scope: Scope,
  known: KnownFilter,
  options?: ReadOptions,
): Promise<number[] | null> {
  const { title } = known.filter;
  if (title == null) return null;
  const phrases = parseQuery(title);
  if (phrases.length === 0) return [];
  const rows = await database.rows<{ readonly sid: number; readonly title: string }>(
    SELECT_TITLES[scope.name],
    [...sessionValues(scope, known, null), 0, 0, ...scope.place],
    options,
  );
  if (rows.length > 0) options?.onWalk?.(rows.length);
  return rows.filter((row) => matchesAll(row.title, phrases)).map(({ sid }) => sid);
}

/**
 * The days of a report as parameters. `whole`: the first and the last day. `parts`: the days of which it has only a part, then two ranges
 * of time; null if there are none. Null if the range of time is empty.
 */
function daysOf({
  from,
  to,
}: UsageReportRequest): { readonly whole: Value[]; readonly parts: Value[] | null } | null {
  const begin = from?.getTime() ?? Number.NEGATIVE_INFINITY;
  const end = to?.getTime() ?? Number.POSITIVE_INFINITY;
  if (begin >= end) return null;
  const first = Number.isFinite(begin) ? dayOf(begin) : -DAYS_MAX;
  const last = Number.isFinite(end) ? dayOf(end - 1) : DAYS_MAX;
  const isPart = (day: number) => startOfDay(day) < begin || startOfDay(day + 1) > end;
  const days = [...new Set([first, last])].filter((day) => Math.abs(day) < DAYS_MAX && isPart(day));
  if (days.length === 0) return { whole: [first, last], parts: null };
  const times = days.flatMap((day) => [Math.max(startOfDay(day), begin), Math.min(startOfDay(day + 1), end)]);
  return { whole: [first, last], parts: [days, ...times, ...(days.length === 1 ? [0, 0] : [])] };
}
