import { DAY_MS } from '../../records/paid.ts';
import type { Value } from '../connection/value.ts';
import type { Columns } from '../rows/insert.ts';
import { FORM_COLUMNS, type FormColumns, MESSAGE_COLUMNS, type MessageRow } from '../rows/message-row.ts';
import { SHOWN_COLUMNS, SHOWN_NAMES, type ShownSessionRow } from '../rows/session-row.ts';
import { TEXT_COLUMNS, type TextRow } from '../search/text-changes.ts';
import { ON_USAGE_THERE, TOKEN_COLUMNS, TOKENS_MAX, USAGE_COLUMNS, type UsageRow } from './usage-rows.ts';

/** What an append knows of a message before it knows where the message stands. `created_at`: null for the time of the append. */
export interface AppendedMessage extends Omit<FormColumns, 'key'>, Pick<MessageRow, 'is_copy'> {
  readonly created_at: number | null;
}

export type AppendedUsage = Omit<UsageRow, 'home' | 'sid'>;

/** `ordinal` is 0 for the first message of the append. */
export type AppendedText = Omit<TextRow, 'home' | 'sid'>;

/** What is written with one append, and where; beside its messages. */
export interface AppendHead {
  readonly home: number;
  readonly sid: number;
  /** The tree that the session is in. */
  readonly tree_home: number;
  readonly root: number;
  /** Null: any. */
  readonly expected_version: number | null;
  /** When the session was active; null: at the time of the append. */
  readonly active_at: number | null;
  readonly users: number;
  readonly length: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_usd: string | null;
  readonly priced_count: number;
  readonly caller: string;
  readonly operation_id: string;
  readonly fingerprint: string;
}

/** An append of messages to a session. */
export interface Append {
  readonly head: AppendHead;
  readonly messages: readonly AppendedMessage[];
  readonly usage: readonly AppendedUsage[];
  readonly texts: readonly AppendedText[];
}

/** The session after its append. `append`: the number of the append, from 0. `at`: its time. */
export interface AppendedRow extends ShownSessionRow {
  readonly append: number;
  readonly next_ordinal: number;
  readonly at: number;
}

const HEADS: Columns<AppendHead> = {
  home: 'int8',
  sid: 'int8',
  tree_home: 'int8',
  root: 'int8',
  expected_version: 'int8',
  active_at: 'int8',
  users: 'int8',
  length: 'int8',
  input_tokens: 'int8',
  output_tokens: 'int8',
  cache_read_tokens: 'int8',
  cache_write_tokens: 'int8',
  reasoning_tokens: 'int8',
  cost_usd: 'numeric',
  priced_count: 'int8',
  caller: 'text',
  operation_id: 'text',
  fingerprint: 'text',
};
const { key: _, ...FORM_WITHOUT_KEY } = FORM_COLUMNS;
const MESSAGES: Columns<AppendedMessage> = {
  created_at: MESSAGE_COLUMNS.created_at,
  ...FORM_WITHOUT_KEY,
  is_copy: MESSAGE_COLUMNS.is_copy,
};
const USAGE = unplaced(USAGE_COLUMNS);
const TEXTS = unplaced(TEXT_COLUMNS);

const HEAD_NAMES = namesOf(HEADS);
const MESSAGE_NAMES = namesOf(MESSAGES);
const USAGE_NAMES = namesOf(USAGE);
const TEXT_NAMES = namesOf(TEXTS);

/** What the rows of an append take over from the row of its session. */
const OF_HEAD = [
  'tree_home',
  'length',
  'caller',
  'operation_id',
  'fingerprint',
  'append',
  'number',
  'at',
  'clock',
];

/** Which of the optional tables a statement writes to. */
export interface AppendTables {
  readonly hasUsage: boolean;
  readonly hasTexts: boolean;
}

/**
 * The text of a statement that makes appends in different trees, and is a transaction by itself: it locks the trees, and appends to each
 * session that is there, in this tree, not archived, and of the version that is expected. For an append that it does not make, it answers
 * without a row. It waits for no tree: one that is locked is left out, so that no append is held up by another one of the statement. A tree
 * whose latest mutation is of a later day than `at` is left out, too: the rows of `usage` were made for the day of `at`. `selectClock` is
 * that of the epoch; once the epoch is over, it has no row, and no append is made.
 *
 * `IS TRUE` keeps the planner from looking the sessions up by their tree, which can have many.
 *
 * The rows that it locks are read as they are behind the lock: PostgreSQL looks again at a row that was changed since the statement began.
 */
export function appendStatement(selectClock: string, { hasUsage, hasTexts }: AppendTables): string {
  const tokens = TOKEN_COLUMNS.map((column) => `${column} = least(s.${column} + l.${column}, ${TOKENS_MAX})`);
  let before = 3;
  const unnested = (columns: Readonly<Record<string, string>>, isOfAppend: boolean) => {
    const types = [...(isOfAppend ? ['int4', 'int4'] : []), ...Object.values(columns)];
    const names = [...(isOfAppend ? ['append', 'n'] : []), ...Object.keys(columns)];
    const parameters = types.map((type, n) => `$${before + n + 1}::${type}[]`).join(', ');
    before += types.length;
    return isOfAppend
      ? `unnest(${parameters}) AS g (${names.join(', ')})`
      : `unnest(${parameters}) WITH ORDINALITY AS g (${names.join(', ')}, place)`;
  };
  const parts = [
    `e AS MATERIALIZED (${selectClock})`,
    `l AS MATERIALIZED (SELECT g.*, g.place - 1 AS append, t.number + 1 AS number, greatest(t.at, $1::int8) AS at, e.clock
      FROM ${unnested(HEADS, false)} JOIN trees t ON t.home = g.tree_home AND t.root = g.root, e
      WHERE t.home = ANY($3::int8[]) AND greatest(t.at, $1::int8) / ${DAY_MS} = $1::int8 / ${DAY_MS} FOR UPDATE OF t SKIP LOCKED)`,
    `s AS (UPDATE sessions s SET last_active_at = greatest(s.created_at, s.last_active_at, coalesce(l.active_at, l.at)), updated_at = l.at,
        message_count = s.message_count + l.users, history_length = s.history_length + l.length, next_ordinal = s.next_ordinal + l.length,
        ${tokens.join(', ')},
        cost_usd = CASE WHEN l.cost_usd IS NULL THEN s.cost_usd ELSE coalesce(s.cost_usd, 0) + l.cost_usd END,
        priced_count = s.priced_count + l.priced_count, version = s.version + 1, number = l.number, clock = l.clock
      FROM l WHERE s.home = ANY($2::int8[]) AND s.home = l.home AND s.sid = l.sid AND (s.root = l.root) IS TRUE AND s.archived_at IS NULL
        AND (l.expected_version IS NULL OR s.version = l.expected_version)
      RETURNING ${SHOWN_COLUMNS}, s.next_ordinal,
        ${OF_HEAD.map((name) => `l.${name}`).join(', ')})`,
    `t AS (UPDATE trees t SET number = s.number, at = s.at, clock = s.clock, last_active_at = greatest(t.last_active_at, s.last_active_at)
      FROM s WHERE t.home = ANY($3::int8[]) AND t.home = s.tree_home AND t.root = s.root RETURNING t.root, t.last_active_at)`,
    `m AS (INSERT INTO messages (home, sid, ordinal, position, clock, taken_over, ${MESSAGE_NAMES.join(', ')})
      SELECT s.home, s.sid, s.next_ordinal - s.length + g.n, s.history_length - s.length + g.n, s.clock, false,
        ${MESSAGE_NAMES.map((name) => (name === 'created_at' ? 'coalesce(g.created_at, s.at)' : `g.${name}`)).join(', ')}
      FROM ${unnested(MESSAGES, true)} JOIN s ON s.append = g.append)`,
    `o AS (INSERT INTO operations (caller, id, fingerprint, home, sid, session_id, number, at, ordinal, position)
      SELECT s.caller, s.operation_id, s.fingerprint, s.home, s.sid, s.id, s.number, s.at, s.next_ordinal - s.length,
        s.history_length - s.length FROM s)`,
  ];
  if (hasUsage)
    parts.push(`u AS (INSERT INTO usage (home, sid, ${USAGE_NAMES.join(', ')})
      SELECT s.home, s.sid, ${USAGE_NAMES.map((name) => `g.${name}`).join(', ')}
      FROM ${unnested(USAGE, true)} JOIN s ON s.append = g.append ${ON_USAGE_THERE})`);
  if (hasTexts)
    parts.push(`x AS (INSERT INTO texts (home, sid, ${TEXT_NAMES.join(', ')})
      SELECT s.home, s.sid, ${TEXT_NAMES.map((name) => (name === 'ordinal' ? 's.next_ordinal - s.length + g.ordinal' : `g.${name}`)).join(', ')}
      FROM ${unnested(TEXTS, true)} JOIN s ON s.append = g.append)`);
  return `WITH ${parts.join(',\n')}
    SELECT ${[...SHOWN_NAMES, 'next_ordinal', 'at', 'append'].map((name) => `s.${name}`).join(', ')},
      CASE WHEN s.depth = 0 THEN t.last_active_at END AS tree_last_active_at FROM s JOIN t ON t.root = s.root`;
}

/**
 * The values of the parameters of `appendStatement`. `at`: the time of the appends, unless their trees have a later one, of the same day.
 */
export function appendValues(
  at: number,
  appends: readonly Append[],
  { hasUsage, hasTexts }: AppendTables,
): Value[] {
  const heads = appends.map(({ head }) => head);
  const homes = new Set(heads.map(({ home }) => home));
  const homesOfTrees = new Set(heads.map((head) => head.tree_home));
  const values: Value[] = [at, [...homes], [...homesOfTrees]];
  for (const name of HEAD_NAMES) values.push(heads.map((head) => head[name]));
  values.push(
    ...arrays(
      MESSAGE_NAMES,
      appends.map(({ messages }) => messages),
    ),
  );
  if (hasUsage)
    values.push(
      ...arrays(
        USAGE_NAMES,
        appends.map(({ usage }) => usage),
      ),
    );
  if (hasTexts)
    values.push(
      ...arrays(
        TEXT_NAMES,
        appends.map(({ texts }) => texts),
      ),
    );
  return values;
}

/** Columns without those of the session's place. */
function unplaced<Row extends { home: number; sid: number }>({ home, sid, ...columns }: Columns<Row>) {
  return columns as unknown as Columns<Omit<Row, 'home' | 'sid'>>;
}

function namesOf<Row>(columns: Columns<Row>) {
  return Object.keys(columns) as (keyof Row & string)[];
}

/** One array for each column, behind two for the append of each row, and its place in it. */
function arrays<Row>(
  names: readonly (keyof Row & string)[],
  ofAppends: readonly (readonly Row[])[],
): Value[] {
  const rows = ofAppends.flat();
  return [
    ofAppends.flatMap((own, append) => own.map(() => append)),
    ofAppends.flatMap((own) => own.map((_, n) => n)),
    ...names.map((name) => rows.map((row) => row[name] as Exclude<Value, readonly unknown[]>)),
  ];
}
