import { MESSAGE_ROLES } from '../../../model/message.ts';

/** A comparison of what the store says twice. `sql` selects the sessions that are at fault: their `id`, and what is wrong as `fault`. */
export interface Check {
  readonly name: string;
  readonly sql: string;
}

const USER = MESSAGE_ROLES.indexOf('USER');

/** As `childPath` in `rows/path.ts` makes the bytes of a number. */
const PART_OF_PATH = `CASE WHEN s.arrival <= 223 THEN set_byte('\\x00'::bytea, 0, s.arrival::int4)
    ELSE set_byte('\\x00'::bytea, 0, 223 + (length(to_hex(s.arrival)) + 1) / 2)
      || substring(int8send(s.arrival) from 9 - (length(to_hex(s.arrival)) + 1) / 2) END`;

/** Sums of tokens stay at what a JavaScript number holds exactly. */
const sumOf = (tokens: string) => `least(sum(${tokens}), ${Number.MAX_SAFE_INTEGER})`;

const SUMS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'];

/** What each message cost, as far as it was paid for in its session. */
const PAID = `SELECT m.home, m.sid, floor(m.created_at / 86400000.0)::int4 AS day, coalesce('=' || m.model, '') AS model, count(*) AS responses,
    ${sumOf(`(m.usage::json ->> 'inputTokens')::int8`)} AS input_tokens, ${sumOf(`(m.usage::json ->> 'outputTokens')::int8`)} AS output_tokens,
    ${sumOf(`coalesce((m.usage::json ->> 'cacheReadTokens')::int8, 0)`)} AS cache_read_tokens,
    ${sumOf(`coalesce((m.usage::json ->> 'cacheWriteTokens')::int8, 0)`)} AS cache_write_tokens,
    ${sumOf(`coalesce((m.usage::json ->> 'reasoningTokens')::int8, 0)`)} AS reasoning_tokens,
    sum(coalesce((m.usage::json ->> 'costUsd')::numeric, 0)) AS cost_usd, count(m.usage::json ->> 'costUsd') AS priced_count
  FROM messages m WHERE m.usage IS NOT NULL AND NOT m.is_copy AND NOT m.taken_over GROUP BY 1, 2, 3, 4`;

const AMOUNTS = ['responses', ...SUMS, 'cost_usd', 'priced_count'];

const anyOf = (conditions: readonly string[]) => conditions.join(' OR ');
const differ = (pairs: readonly (readonly [string, string])[]) =>
  anyOf(pairs.map(([one, other]) => `${one} IS DISTINCT FROM ${other}`));
const both = (one: string, other: string, columns: readonly string[]) =>
  columns.map((column) => [`${one}.${column}`, `${other}.${column}`] as const);

/** Each check that `checkDatabase` runs. A check without rows has found nothing. */
export const CHECKS: readonly Check[] = [
  {
    name: 'children',
    sql: `SELECT s.id, format('has %s children, and says %s', coalesce(c.count, 0), s.child_count) AS fault
      FROM sessions s LEFT JOIN (SELECT parent, count(*) FROM sessions WHERE parent IS NOT NULL GROUP BY parent) c ON c.parent = s.sid
      WHERE s.child_count <> coalesce(c.count, 0)`,
  },
  {
    name: 'numbers of children',
    sql: `SELECT s.id, format('would give its next child the number %s, and has given %s', s.next_child, c.latest) AS fault
      FROM sessions s JOIN (SELECT parent, max(arrival) AS latest
        FROM (SELECT parent, arrival FROM sessions UNION ALL SELECT parent, arrival FROM tombstones) a WHERE parent IS NOT NULL GROUP BY parent) c
      ON c.parent = s.sid WHERE s.next_child <= c.latest`,
  },
  {
    name: 'history',
    sql: `SELECT s.id, format('has %s messages, %s of users, in %s places, the latest with ordinal %s; and says %s, %s of users, next ordinal %s',
        coalesce(m.length, 0), coalesce(m.users, 0), coalesce(m.places, 0), coalesce(m.latest, -1), s.history_length, s.message_count, s.next_ordinal) AS fault
      FROM sessions s LEFT JOIN (SELECT home, sid, count(*) FILTER (WHERE dropped_clock IS NULL) AS length, max(ordinal) AS latest,
          count(*) FILTER (WHERE dropped_clock IS NULL AND role = ${USER}) AS users,
          count(DISTINCT position) FILTER (WHERE dropped_clock IS NULL) AS places,
          coalesce(max(position) FILTER (WHERE dropped_clock IS NULL), -1) AS last
        FROM messages GROUP BY home, sid) m ON m.home = s.home AND m.sid = s.sid
      WHERE s.history_length <> coalesce(m.length, 0) OR s.message_count <> coalesce(m.users, 0) OR s.next_ordinal <= coalesce(m.latest, -1)
        OR m.places <> m.length OR m.last <> m.length - 1`,
  },
  {
    name: 'usage of sessions',
    sql: `SELECT s.id, format('used %s tokens in, %s out, for %s dollars by its days; and says %s, %s, %s', coalesce(u.input_tokens, 0),
        coalesce(u.output_tokens, 0), coalesce(u.cost_usd, 0), s.input_tokens, s.output_tokens, coalesce(s.cost_usd, 0)) AS fault
      FROM sessions s LEFT JOIN (SELECT home, sid, ${SUMS.map((column) => `${sumOf(column)} AS ${column}`).join(', ')},
          sum(cost_usd) AS cost_usd, sum(priced_count) AS priced_count
        FROM usage GROUP BY home, sid) u ON u.home = s.home AND u.sid = s.sid
      WHERE ${anyOf([...SUMS, 'cost_usd', 'priced_count'].map((column) => `coalesce(s.${column}, 0) <> coalesce(u.${column}, 0)`))}`,
  },
  {
    // Dropped messages of a restored session, which are not there, were paid for, too: its ordinals have gaps.
    name: 'usage of days',
    sql: `SELECT s.id, format('used %s tokens in, %s out in %s responses of model %s on day %s by its messages; and says %s, %s, %s', coalesce(p.input_tokens, 0),
        coalesce(p.output_tokens, 0), coalesce(p.responses, 0), coalesce(nullif(coalesce(p.model, u.model), ''), '-'), coalesce(p.day, u.day),
        coalesce(u.input_tokens, 0), coalesce(u.output_tokens, 0), coalesce(u.responses, 0)) AS fault
      FROM (${PAID}) p FULL JOIN usage u ON u.home = p.home AND u.sid = p.sid AND u.day = p.day AND u.model = p.model
      JOIN sessions s ON s.home = coalesce(p.home, u.home) AND s.sid = coalesce(p.sid, u.sid)
      JOIN LATERAL (SELECT count(*) = s.next_ordinal AS is_whole FROM messages m WHERE m.home = s.home AND m.sid = s.sid) h ON true
      WHERE ${anyOf(AMOUNTS.map((column) => `coalesce(p.${column}, 0) > coalesce(u.${column}, 0)`))}
        OR h.is_whole AND (${anyOf(AMOUNTS.map((column) => `coalesce(p.${column}, 0) <> coalesce(u.${column}, 0)`))})`,
  },
  {
    name: 'places',
    sql: `SELECT s.id, CASE WHEN s.parent IS NOT NULL AND p.sid IS NULL THEN 'has a parent that is not there'
        ELSE 'has a root, owner, depth or path that does not follow from its parent' END AS fault
      FROM sessions s LEFT JOIN sessions p ON p.sid = s.parent
      WHERE CASE WHEN s.parent IS NULL THEN ${differ([
        ['s.parent_id', 'NULL'],
        ['s.root', 's.sid'],
        ['s.root_home', 's.home'],
        ['s.root_id', 's.id'],
        ['s.depth', '0'],
        ['s.path', "''::bytea"],
        ['s.owner', "coalesce('=' || s.user_id, '')"],
      ])} ELSE ${differ([
        ['s.parent_id', 'p.id'],
        ...both('s', 'p', ['root', 'root_home', 'root_id', 'owner']),
        ['s.depth', 'p.depth + 1'],
        ['s.path', `p.path || ${PART_OF_PATH}`],
      ])} END`,
  },
  {
    name: 'trees',
    sql: `SELECT coalesce(s.id, t.id) AS id, CASE WHEN t.root IS NULL THEN 'is a root without a row in "trees"'
        WHEN s.sid IS NULL THEN 'has a row in "trees", and is no root' ELSE 'has another id or owner in "trees"' END AS fault
      FROM trees t FULL JOIN (SELECT * FROM sessions WHERE parent IS NULL) s ON s.home = t.home AND s.sid = t.root
      WHERE ${differ(both('t', 's', ['id', 'owner']))}`,
  },
  {
    name: 'members of trees',
    sql: `SELECT t.id, format('has members at the homes %s, last active %s, number %s; and says %s, %s, %s', m.homes, m.active, m.number,
        t.homes, t.last_active_at, t.number) AS fault
      FROM trees t JOIN (SELECT root, array_agg(DISTINCT home) AS homes, max(last_active_at) AS active, max(number) AS number
        FROM (SELECT root, home, last_active_at, number FROM sessions UNION ALL SELECT root, home, NULL, NULL FROM tombstones) a GROUP BY root) m
      ON m.root = t.root WHERE NOT t.homes @> m.homes OR t.last_active_at <> m.active OR t.number < m.number`,
  },
  {
    name: 'keys',
    sql: `SELECT coalesce(s.id, k.id) AS id, CASE WHEN k.key IS NULL THEN 'has a key by which it is not found'
        WHEN s.key IS NULL THEN 'is found by a key that it does not have' ELSE 'has the key of another session' END AS fault
      FROM session_keys k FULL JOIN (SELECT * FROM sessions WHERE key IS NOT NULL) s ON s.owner = k.owner AND s.key = k.key
      WHERE ${differ(both('s', 'k', ['id', 'home', 'sid']))}`,
  },
  {
    name: 'ids',
    sql: `SELECT coalesce(i.id, s.id, t.id) AS id, CASE WHEN i.id IS NULL THEN 'is not in "ids"'
        WHEN s.id IS NULL AND t.id IS NULL THEN 'is in "ids", and is neither a session nor a deleted one'
        WHEN s.id IS NOT NULL AND t.id IS NOT NULL THEN 'is a session, and a deleted one, too' ELSE 'has another place in "ids"' END AS fault
      FROM ids i FULL JOIN sessions s ON s.id = i.id FULL JOIN tombstones t ON t.id = coalesce(i.id, s.id)
      WHERE i.id IS NULL OR (s.id IS NULL) = (t.id IS NULL) OR ${differ(
        ['home', 'sid'].map((column) => [`i.${column}`, `coalesce(s.${column}, t.${column})`] as const),
      )}`,
  },
  {
    name: 'numbers of sessions',
    sql: `SELECT id, format('has the number %s, which a new session will get', sid) AS fault
      FROM sessions WHERE sid > coalesce(pg_sequence_last_value('session_numbers'::regclass), 0)`,
  },
  {
    name: 'operations',
    sql: `SELECT o.session_id AS id, format('is the session of the operation "%s", and is not known', o.id) AS fault
      FROM operations o LEFT JOIN ids i ON i.id = o.session_id AND i.home = o.home AND i.sid = o.sid WHERE i.id IS NULL`,
  },
  {
    name: 'messages without a session',
    sql: `SELECT coalesce(i.id, m.sid::text) AS id, format('has %s messages in the database, and is not there', m.count) AS fault
      FROM (SELECT home, sid, count(*) FROM messages GROUP BY home, sid) m
      LEFT JOIN sessions s ON s.home = m.home AND s.sid = m.sid LEFT JOIN removals r ON r.home = m.home AND r.sid = m.sid
      LEFT JOIN ids i ON i.home = m.home AND i.sid = m.sid WHERE s.sid IS NULL AND r.sid IS NULL`,
  },
  {
    // Messages without a word have no row. Without search, none has.
    name: 'search',
    sql: `SELECT coalesce(s.id, i.id, t.sid::text) AS id, CASE WHEN m.sid IS NULL THEN format('is found by the message %s, which is not in its history', t.ordinal)
        WHEN t.sid IS NULL THEN format('is not found by the message %s', m.ordinal)
        ELSE format('is found by the message %s as another kind of message', m.ordinal) END AS fault
      FROM (SELECT DISTINCT home, sid, ordinal, role, is_copy FROM texts) t
      FULL JOIN (SELECT home, sid, ordinal, role, is_copy, redacted_at IS NULL AND content ~ '[A-Za-z0-9]' AS has_words FROM messages
        WHERE dropped_clock IS NULL) m ON m.home = t.home AND m.sid = t.sid AND m.ordinal = t.ordinal
      LEFT JOIN removals r ON r.home = coalesce(m.home, t.home) AND r.sid = coalesce(m.sid, t.sid)
      LEFT JOIN sessions s ON s.home = coalesce(m.home, t.home) AND s.sid = coalesce(m.sid, t.sid)
      LEFT JOIN ids i ON i.home = t.home AND i.sid = t.sid
      WHERE r.sid IS NULL AND EXISTS (SELECT FROM texts) AND CASE WHEN t.sid IS NULL THEN m.has_words
        ELSE ${differ(both('t', 'm', ['role', 'is_copy']))} END`,
  },
  {
    name: 'removals',
    sql: `SELECT s.id, 'is there, and its messages are to be removed' AS fault FROM removals r JOIN sessions s ON s.home = r.home AND s.sid = r.sid`,
  },
];
