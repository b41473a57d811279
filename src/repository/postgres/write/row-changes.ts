import type { MessagesRecord, SessionRecord } from '../../records/record.ts';
import type { Applied, Effects } from '../../records/session-state.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { combine, type Statement } from '../rows/combined.ts';
import { type Columns, insertRows, type RowsStatement, withRows } from '../rows/insert.ts';
import { FORM_COLUMNS, formColumns, MESSAGE_COLUMNS, type MessageRow } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';
import { SESSION_COLUMNS, type SessionRow } from '../rows/session-row.ts';
import type { TextChanges } from '../search/text-changes.ts';
import { INSERT_OPERATIONS, type OperationRow, operationRow } from './operation-rows.ts';
import { ADD_USAGE, UsageRows } from './usage-rows.ts';

/** Of rows for new ordinals. */
export const INSERT_MESSAGES = insertRows('messages', MESSAGE_COLUMNS);

/** What a replacement changes of a row: the key stays. */
const REPLACED = [
  ...Object.keys(FORM_COLUMNS).filter((column) => column !== 'key'),
  'created_at',
  'is_copy',
  'replaced_at',
  'redacted_at',
  'replaced_clock',
]
  .map((column) => `${column} = given.${column}`)
  .join(', ');

const REPLACE_MESSAGES = withRows(
  MESSAGE_COLUMNS,
  (rows, homes) => `UPDATE messages m SET ${REPLACED}
    FROM ${rows} AS given WHERE m.home = ANY(${homes}) AND m.home = given.home AND m.sid = given.sid AND m.ordinal = given.ordinal`,
);

/** Messages from a position on leave the history. */
const DROP_MESSAGES = `UPDATE messages SET dropped_clock = $4::int8, dropped_number = $5::int8
  WHERE home = $1::int8 AND sid = $2::int8 AND ordinal >= $3::int8 AND position >= $3::int8 AND dropped_clock IS NULL`;

const TAKE_OVER = `UPDATE messages SET taken_over = true
  WHERE home = $1::int8 AND sid = $2::int8 AND ordinal = ANY($3::int8[])`;

/** Marks messages as redacted. `redactions.ts` overwrites their texts, and `history-writes.ts` those of a purge. */
const REDACT_MESSAGES = `UPDATE messages SET redacted_at = coalesce(redacted_at, $4::int8), replaced_clock = $5::int8
  WHERE home = $1::int8 AND sid = $2::int8 AND ordinal = ANY($3::int8[])`;

const FORGET_USAGE = 'DELETE FROM usage WHERE home = $1::int8 AND sid = $2::int8';

/** What most appends change of a session's row: large texts stay where they are. */
const COUNTED = [
  'last_active_at',
  'updated_at',
  'message_count',
  'history_length',
  'next_ordinal',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'cost_usd',
  'priced_count',
  'version',
  'number',
  'clock',
] as const;

/** What a session says of itself. */
const DESCRIBED = [
  'key',
  'title',
  'agent_name',
  'project',
  'status',
  'status_message',
  'status_changed_at',
  'spawned_by',
  'metadata',
  'updated_clock',
  'archived_at',
] as const;

/** What changes with the children of a session. */
const PARENTAL = ['next_child', 'child_count'] as const;

const COUNT_CHILDREN = updateOf(PARENTAL);
const COUNT_SESSIONS = updateOf(COUNTED);
const DESCRIBE_SESSIONS = updateOf([...COUNTED, ...DESCRIBED]);

/** Updates many sessions, or one: the planner cannot know that arrays are short, and may read the whole table. */
function updateOf(columns: readonly (keyof SessionRow & string)[]) {
  const all = ['home', 'sid', ...columns] as (keyof SessionRow & string)[];
  const given = Object.fromEntries(
    all.map((column) => [column, SESSION_COLUMNS[column]]),
  ) as Columns<SessionRow>;
  const many = withRows(
    given,
    (
      rows,
      homes,
    ) => `UPDATE sessions s SET ${columns.map((column) => `${column} = given.${column}`).join(', ')}
      FROM ${rows} AS given WHERE s.home = ANY(${homes}) AND s.home = given.home AND s.sid = given.sid`,
  );
  const set = columns.map((column, n) => `${column} = $${n + 3}::${SESSION_COLUMNS[column]}`).join(', ');
  const one = `UPDATE sessions SET ${set} WHERE home = $1::int8 AND sid = $2::int8`;
  return {
    many,
    one: {
      sql: one,
      values: ([row]: readonly SessionRow[]) => all.map((column) => row![column] as Value),
    },
  };
}

/** Fails with a violation of `sessions_pkey` for a session that is there. */
export const INSERT_SESSIONS = insertRows('sessions', SESSION_COLUMNS);
/** Fails with a violation of `ids_pkey` if an id was ever given. */
export const INSERT_IDS = insertRows<Pick<SessionRow, 'id' | 'home' | 'sid'>>('ids', {
  id: 'text',
  home: 'int8',
  sid: 'int8',
});

/** A row of `session_keys`. */
export interface KeyRow {
  readonly owner: string;
  readonly key: string;
  readonly id: string;
  readonly home: number;
  readonly sid: number;
}

/** Fails with a violation of `session_keys_pkey` if a session of the owner has the key. */
export const INSERT_KEYS = insertRows<KeyRow>('session_keys', {
  owner: 'text',
  key: 'text',
  id: 'text',
  home: 'int8',
  sid: 'int8',
});
const DELETE_KEY = 'DELETE FROM session_keys WHERE owner = $1::text AND key = $2::text AND sid = $3::int8';

/** Collects what mutations change in rows, and sends that at once. */
export class RowChanges {
  readonly #before: [sql: string, values: Value[]][] = [];
  readonly #created = new Map<number, SessionRow>();
  readonly #counted = new Map<number, SessionRow>();
  readonly #described = new Map<number, SessionRow>();
  readonly #parents = new Map<number, SessionRow>();
  readonly #messages: MessageRow[] = [];
  readonly #replaced: MessageRow[] = [];
  readonly #usage = new UsageRows();
  readonly #keys: KeyRow[] = [];
  readonly #operations: OperationRow[] = [];
  readonly #texts: TextChanges | null;

  /** `texts` is told of all messages that come into histories, and that leave them. */
  constructor(texts: TextChanges | null) {
    this.#texts = texts;
  }

  /** A new session. */
  create(row: SessionRow): void {
    this.#created.set(row.sid, row);
    if (row.key !== null)
      this.#keys.push({ owner: row.owner, key: row.key, id: row.id, home: row.home, sid: row.sid });
  }

  /** A session that is there, as it becomes. `former` is its row before. */
  update(row: SessionRow, former: SessionRow): void {
    if (this.#created.has(row.sid)) {
      this.#created.set(row.sid, row);
      return;
    }
    if (row.updated_clock === row.clock || this.#described.has(row.sid)) {
      this.#described.set(row.sid, row);
      this.#counted.delete(row.sid);
    } else this.#counted.set(row.sid, row);
    if (row.key === former.key) return;
    if (former.key !== null) this.#before.push([DELETE_KEY, [former.owner, former.key, former.sid]]);
    if (row.key !== null)
      this.#keys.push({ owner: row.owner, key: row.key, id: row.id, home: row.home, sid: row.sid });
  }

  /** A session has got a child. */
  addChild(row: SessionRow): void {
    if (this.#created.has(row.sid)) this.#created.set(row.sid, row);
    else this.#parents.set(row.sid, row);
  }

  operation(row: OperationRow): void {
    this.#operations.push(row);
  }

  /** What a record does beside the session's row. `isForkCopy`: its messages came with a fork, as `isCopyOf` in `records/paid.ts` says. */
  effects(
    { home, sid }: Place,
    record: SessionRecord,
    { effects }: Applied,
    {
      clock,
      number,
      isForkCopy,
    }: { readonly clock: number; readonly number: number; readonly isForkCopy: boolean },
  ): void {
    const { truncatedTo, takenOver, isPaidAnew, paid, redacted, operation } = effects;
    if (truncatedTo !== null) {
      this.#before.push([DROP_MESSAGES, [home, sid, truncatedTo, clock, number]]);
      this.#texts?.drop({ home, sid }, truncatedTo, clock, number);
    }
    if (takenOver.length > 0) this.#before.push([TAKE_OVER, [home, sid, takenOver]]);
    if (redacted) {
      this.#before.push([REDACT_MESSAGES, [home, sid, redacted.ordinals, redacted.at, clock]]);
      this.#texts?.redact({ home, sid }, redacted.ordinals);
    }
    if (isPaidAnew) {
      this.#before.push([FORGET_USAGE, [home, sid]]);
      this.#usage.forget(sid);
    }
    if (effects.messages.length > 0)
      this.#addMessages({ home, sid }, record as MessagesRecord, effects, clock, isForkCopy);
    for (const each of paid) this.#usage.add({ home, sid }, each);
    if (operation) this.#operations.push(operationRow(operation, { home, sid }));
  }

  #addMessages(
    { home, sid }: Place,
    record: MessagesRecord,
    { messages, isReplacing }: Effects,
    clock: number,
    isForkCopy: boolean,
  ): void {
    for (const [n, { ordinal, position, createdAt }] of messages.entries()) {
      const stored = record.messages[n]!;
      const row: MessageRow = {
        home,
        sid,
        ordinal,
        position,
        created_at: createdAt,
        ...formColumns(stored),
        is_copy: (stored.isCopy ?? false) || isForkCopy,
        replaced_at:
          stored.replacedAt === undefined
            ? isReplacing
              ? Date.parse(record.at)
              : null
            : Date.parse(stored.replacedAt),
        redacted_at: stored.redactedAt === undefined ? null : Date.parse(stored.redactedAt),
        clock,
        replaced_clock: isReplacing ? clock : null,
        dropped_clock: null,
        dropped_number: null,
        taken_over: false,
      };
      (isReplacing ? this.#replaced : this.#messages).push(row);
      this.#texts?.write(row, stored, isReplacing);
    }
  }

  /** Sends all statements; the transaction waits for their answers. */
  send(queries: Pick<TransactionQueries, 'send'>): void {
    for (const [sql, values] of this.#before) queries.send(sql, values);
    // A statement of its own: PostgreSQL applies only one of two updates of a row within one statement.
    const parents = [...this.#parents.values()];
    const { sql, values } = parents.length === 1 ? COUNT_CHILDREN.one : COUNT_CHILDREN.many;
    if (parents.length > 0) queries.send(sql, values(parents));
    const statements: Statement[] = [];
    const add = <Row>({ sql, values }: RowsStatement<Row>, rows: readonly Row[]) => {
      if (rows.length > 0) statements.push([sql, values(rows)]);
    };
    const update = ({ one, many }: typeof COUNT_SESSIONS, rows: readonly SessionRow[]) =>
      add(rows.length === 1 ? one : many, rows);
    const created = [...this.#created.values()];
    add(INSERT_IDS, created);
    // In order: two transactions that give the same keys wait for each other in one direction.
    add(INSERT_KEYS, this.#keys.toSorted(inOrderOfKeys));
    add(INSERT_SESSIONS, created);
    update(COUNT_SESSIONS, [...this.#counted.values()]);
    update(DESCRIBE_SESSIONS, [...this.#described.values()]);
    add(REPLACE_MESSAGES, this.#replaced);
    add(INSERT_MESSAGES, this.#messages);
    add(ADD_USAGE, this.#usage.all);
    add(INSERT_OPERATIONS, this.#operations);
    if (statements.length > 0) queries.send(...combine(statements));
  }
}

function inOrderOfKeys(one: KeyRow, other: KeyRow): number {
  return one.owner + one.key < other.owner + other.key ? -1 : 1;
}
