import { MESSAGE_ROLES } from '../../../model/message.ts';
import { SEARCH_FIELDS, type SearchField } from '../../../model/search/fields.ts';
import type { Phrase } from '../../../model/search/query.ts';
import type { Value } from '../connection/value.ts';
import { Parameters } from './parameters.ts';
import type { Sessions } from './scope.ts';
import { queryOf, rankingQueryOf } from './text-queries.ts';

/** Matches that are ranked, the newest: a word in every second message must not cost a look at each text. */
const RANKED_MATCHES_MAX = 10_000;
/** Sessions with so many messages together are looked through, without the index of words. */
const FEW_MESSAGES = 2_000;

export interface Search {
  readonly phrases: readonly Phrase[];
  /** In the order of `SEARCH_FIELDS`. */
  readonly fields: readonly SearchField[];
  /** Positions in `MESSAGE_ROLES`; null: all but EVENT. */
  readonly roles: readonly number[] | null;
  readonly includeCopies: boolean;
  readonly sessions: Exclude<Sessions, { kind: 'none' }>;
  /** A digest of what is searched for. */
  readonly digest: string;
  /** The first so many places are answered. */
  readonly first: number;
  /** A ranking is kept if it has more places than the first page. */
  readonly limit: number;
  readonly now: number;
}

/** The answer of the statement, one row. */
export interface FoundRow {
  readonly id: string;
  readonly total: number;
  /** Matches that were looked at. */
  readonly walked: number;
  readonly homes: readonly number[];
  readonly sids: readonly number[];
  readonly ordinals: readonly number[];
}

const COLUMNS = { CONTENT: 'content', REASONING: 'reasoning', TOOL_CALLS: 'tool_calls' } as const;

const EVENT = MESSAGE_ROLES.indexOf('EVENT');

const NEWEST = `ORDER BY docid DESC LIMIT ${RANKED_MATCHES_MAX}`;

/** The order of a ranking: scores, then originals before copies, then the newest. */
const BEST_FIRST = 'ORDER BY score DESC, is_copy, docid DESC';

/**
 * Finds, ranks, and keeps the ranking, in one statement: what is found need not leave the database. Texts in the order of their ids are the
 * newest; only those that are ranked have to be read again. A message in several parts matches if each phrase is in one of them.
 */
export function rankingStatement(search: Search): {
  readonly sql: string;
  readonly values: readonly Value[];
} {
  const { phrases, fields, roles, includeCopies, sessions, digest, first, limit, now } = search;
  const parameters = new Parameters();
  const columns = SEARCH_FIELDS.filter((field) => fields.includes(field)).map((field) => COLUMNS[field]);
  const found = foundIn(phrases, columns, parameters);
  const from = sourceOf(sessions, parameters);
  const wanted: string[] = [];
  if (roles) wanted.push(`m.role = ANY(${parameters.add([...roles], 'int2[]')})`);
  if (!includeCopies) wanted.push('NOT m.is_copy');
  if (sessions.kind === 'sessions' && !isFew(sessions))
    wanted.push(`m.sid = ANY(${parameters.add([...sessions.sids], 'int8[]')})`);
  if (sessions.kind === 'conditions')
    wanted.push(`EXISTS (SELECT FROM sessions s WHERE s.home = m.home AND s.sid = m.sid
      AND ${sessions.conditions(parameters).join(' AND ')})`);
  const isRole = roles ? 'true' : `t.role <> ${EVENT}`;
  // Every match that is looked at is counted. Where each is wanted, no more of them need be kept than are ranked.
  const newest = wanted.length === 0 ? NEWEST : '';
  const words = parameters.add(rankingQueryOf(phrases), 'tsquery');
  const score = columns
    .map((column) => `coalesce(ts_rank(t.${column}, ${words}), 0) / ln(10 + t.${column}_length)`)
    .join(' + ');
  const named = parameters.add(digest, 'text');
  const shown = parameters.add(first, 'int4');
  const page = parameters.add(limit, 'int4');
  const used = parameters.add(now, 'int8');
  const sql = `WITH matches AS MATERIALIZED (
    SELECT t.home, t.sid, t.ordinal, t.docid, t.role, t.is_copy FROM ${from}
      WHERE t.part = 0 AND ${isRole} AND ${found.join(' AND ')}
    UNION ALL
    SELECT t.home, t.sid, t.ordinal, max(t.docid), min(t.role), bool_or(t.is_copy) FROM ${from}
      WHERE t.part > 0 AND ${isRole} AND (${found.join(' OR ')}) GROUP BY t.home, t.sid, t.ordinal
      HAVING ${found.map((condition) => `bool_or${condition}`).join(' AND ')}
    ${newest}
  ), wanted AS MATERIALIZED (
    SELECT m.home, m.sid, m.ordinal, m.docid, m.is_copy FROM matches m WHERE ${['true', ...wanted].join(' AND ')}
    ${NEWEST}
  ), scored AS MATERIALIZED (
    SELECT w.*, (SELECT sum(${score}) FROM texts t
      WHERE t.home = w.home AND t.sid = w.sid AND t.ordinal = w.ordinal)::float4 AS score FROM wanted w
  ), ranked AS MATERIALIZED (
    SELECT count(*)::int4 AS total, coalesce(array_agg(home ${BEST_FIRST}), '{}') AS homes,
      coalesce(array_agg(sid ${BEST_FIRST}), '{}') AS sids, coalesce(array_agg(ordinal ${BEST_FIRST}), '{}') AS ordinals
    FROM scored
  ), identified AS MATERIALIZED (
    SELECT *, substr(encode(sha256(convert_to(${named} || sids::text || ordinals::text, 'UTF8')), 'hex'), 1, 32) AS id FROM ranked
  ), kept AS (
    INSERT INTO rankings (id, search, used_at, total, homes, sids, ordinals)
    SELECT id, ${named}, ${used}, total, homes, sids, ordinals FROM identified WHERE total > ${page}
    ON CONFLICT (id) DO UPDATE SET used_at = EXCLUDED.used_at
  )
  SELECT id, total, (SELECT count(*) FROM matches) AS walked,
    homes[1:${shown}] AS homes, sids[1:${shown}] AS sids, ordinals[1:${shown}] AS ordinals FROM identified`;
  return { sql, values: parameters.values };
}

/** A condition for each phrase, in parentheses. */
function foundIn(
  phrases: readonly Phrase[],
  columns: readonly string[],
  parameters: Parameters,
): readonly string[] {
  return phrases.map((phrase) => {
    const query = parameters.add(queryOf(phrase), 'tsquery');
    return `(${columns.map((column) => `t.${column} @@ ${query}`).join(' OR ')})`;
  });
}

function isFew({ messages }: Extract<Sessions, { kind: 'sessions' }>): boolean {
  return messages <= FEW_MESSAGES;
}

function sourceOf(sessions: Search['sessions'], parameters: Parameters): string {
  if (sessions.kind !== 'sessions' || !isFew(sessions)) return 'texts t';
  const homes = parameters.add([...sessions.homes], 'int8[]');
  const sids = parameters.add([...sessions.sids], 'int8[]');
  // OFFSET 0: the words are looked for in these texts, and not in all.
  return `unnest(${homes}, ${sids}) AS given (home, sid) CROSS JOIN LATERAL
      (SELECT * FROM texts x WHERE x.home = given.home AND x.sid = given.sid OFFSET 0) AS t`;
}
