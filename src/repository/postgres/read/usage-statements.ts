import type { UsageDimension } from '../../../model/usage-report.ts';
import { FILTER_PARAMETERS, PASSES_FILTER } from './session-filter.ts';
import { IS_BENEATH_OR_SAME } from './sight-sql.ts';
import { OWN_USAGE, WITHIN } from './subtree-sums.ts';
import { usageColumns } from './usage-columns.ts';

/** The sessions of a report: of the whole store, a session alone, or one with all beneath it. */
export type ReportScope = 'store' | 'session' | 'subtree';

/** Which statement makes a report. */
export interface ReportStatement {
  readonly scope: ReportScope;
  readonly by: readonly UsageDimension[];
  /** True if the report has only a part of some days. */
  readonly hasParts: boolean;
}

/** Behind the parameters of the filter: `sids`, the home and the number of the session where the sight ends, the first and the last day. */
const P = FILTER_PARAMETERS + 1;
const [SIDS, SIGHT_HOME, SIGHT_SID, FIRST_DAY, LAST_DAY] = [P, P + 1, P + 2, P + 3, P + 4];
/** Then those of the scope. */
const [HOME, SID] = [P + 5, P + 6];

/** The session of the scope comes first, since few statements have parts of days. */
const partParameters = (scope: ReportScope) => P + 5 + (scope === 'store' ? 0 : 2);

const DIMENSIONS: Record<UsageDimension, string> = {
  DAY: 'u.day',
  MODEL: 'u.model',
  USER: 's.user_id',
  PROJECT: 's.project',
  AGENT: 's.agent_name',
  STATUS: 's.status',
  ROOT: 's.root_id',
};

const SOURCES: Record<ReportScope, string> = {
  store: 'sessions s',
  session: `(SELECT * FROM sessions x WHERE x.home = $${HOME}::int8 AND x.sid = $${SID}::int8) AS s`,
  subtree: `(SELECT * FROM sessions x WHERE x.home = $${HOME}::int8 AND x.sid = $${SID}::int8) AS r ${WITHIN}`,
};

const PASSES = `${PASSES_FILTER}
  AND ($${SIDS}::int8[] IS NULL OR s.sid = ANY($${SIDS}::int8[]))
  AND ($${SIGHT_SID}::int8 IS NULL OR EXISTS (
    SELECT 1 FROM sessions w WHERE w.home = $${SIGHT_HOME}::int8 AND w.sid = $${SIGHT_SID}::int8 AND ${IS_BENEATH_OR_SAME}))`;

const USAGE = Object.entries(usageColumns('u'));

/** What a message cost, as a row of `usage`. */
const PAID_BY_MESSAGE = `floor(m.created_at / 86400000.0)::int4 AS day, CASE WHEN m.model IS NULL THEN '' ELSE '=' || m.model END AS model,
      1::int8 AS responses, (p ->> 'inputTokens')::int8 AS input_tokens, (p ->> 'outputTokens')::int8 AS output_tokens,
      (p ->> 'cacheReadTokens')::int8 AS cache_read_tokens, (p ->> 'cacheWriteTokens')::int8 AS cache_write_tokens,
      (p ->> 'reasoningTokens')::int8 AS reasoning_tokens, (p ->> 'costUsd')::numeric AS cost_usd,
      CASE WHEN p ->> 'costUsd' IS NULL THEN 0 ELSE 1 END AS priced_count`;

const statements = new Map<string, string>();

/** The statement that adds up a report; of each set of dimensions, in whatever order, there is one. */
export function reportSql({ scope, by, hasParts }: ReportStatement): string {
  const dimensions = by.toSorted();
  const name = `${scope} ${hasParts} ${dimensions}`;
  let sql = statements.get(name);
  if (sql === undefined) {
    sql = makeSql({ scope, by: dimensions, hasParts });
    statements.set(name, sql);
  }
  return sql;
}

function makeSql({ scope, by, hasParts }: ReportStatement): string {
  const columns = `s.home, s.sid, ${by.map((dimension) => `${DIMENSIONS[dimension]} AS "${dimension}"`).join(', ')}, u.responses,
      ${USAGE.map(([name, { value }]) => `${value} AS ${name}`).join(', ')}`;
  const whole = `SELECT ${columns} FROM ${SOURCES[scope]} JOIN ${scope === 'store' ? 'usage u ON u.home = s.home AND u.sid = s.sid' : OWN_USAGE}
    WHERE u.day BETWEEN $${FIRST_DAY}::int4 AND $${LAST_DAY}::int4 AND ${PASSES}`;
  const paid = hasParts ? withParts(whole, scope, columns) : whole;
  const sums = [['responses', { type: 'int8', sum: undefined }] as const, ...USAGE].map(
    ([name, { type, sum }]) =>
      `(${sum ? sum(name) : `least(sum(${name}), ${Number.MAX_SAFE_INTEGER})`})::${type} AS ${name}`,
  );
  const keys = by.map((dimension) => `"${dimension}"`).join(', ');
  return `SELECT ${keys}, sum(rows)::int8 AS rows,
      count(*) FILTER (WHERE responses > 0) AS session_count, ${sums.join(', ')}
    FROM (SELECT ${keys}, home, sid, count(*) AS rows, ${sums.join(', ')} FROM (${paid}) AS paid GROUP BY ${keys}, home, sid) AS sessions
    GROUP BY ${keys}`;
}

/**
 * Adds the days of which the report has only a part: they are summed from messages, dropped ones too, of the sessions that have a row of
 * `usage` on the day. Messages whose cost another message has taken over are left out.
 */
function withParts(whole: string, scope: ReportScope, columns: string): string {
  const first = partParameters(scope);
  const days = `$${first}::int4[]`;
  // As in `joins.ts`. Over the whole store, it is quicker to read whole tables.
  const oneByOne = scope === 'store' ? '' : 'OFFSET 0';
  const between = (n: number) =>
    `m.created_at >= $${first + n}::int8 AND m.created_at < $${first + n + 1}::int8`;
  return `${whole} AND u.day <> ALL(${days}) UNION ALL SELECT ${columns} FROM ${SOURCES[scope]} CROSS JOIN LATERAL (
      SELECT ${PAID_BY_MESSAGE} FROM messages m CROSS JOIN LATERAL (SELECT m.usage::json AS p) AS price
      WHERE m.home = s.home AND m.sid = s.sid AND m.usage IS NOT NULL AND NOT m.is_copy AND NOT m.taken_over
        AND (${between(1)} OR ${between(3)}) ${oneByOne}
    ) AS u
    WHERE EXISTS (SELECT 1 FROM usage d WHERE d.home = s.home AND d.sid = s.sid AND d.day = ANY(${days}) ${oneByOne}) AND ${PASSES}`;
}

/** The titles of the sessions of a report, all of which have one. */
export const SELECT_TITLES = {
  store: titlesSql('store'),
  session: titlesSql('session'),
  subtree: titlesSql('subtree'),
} as const;

function titlesSql(scope: ReportScope): string {
  return `SELECT s.sid, s.title FROM ${SOURCES[scope]} WHERE $${FIRST_DAY}::int4 <= $${LAST_DAY}::int4 AND ${PASSES}`;
}
