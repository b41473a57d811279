import { setImmediate as nextTurn } from 'node:timers/promises';
import { SEARCH_FIELDS, type SearchedMessage, searchedText } from '../../../model/search/fields.ts';
import type { TransactionQueries } from '../connection/queries.ts';
import type { Value } from '../connection/value.ts';
import { type Columns, insertRows, withRows } from '../rows/insert.ts';
import type { MessageRow } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';
import { type Vectors, vectorSteps } from './vectors.ts';

/** A row of `texts` to be written: `migrations/tables.ts` says what the columns mean. */
export interface TextRow {
  readonly home: number;
  readonly sid: number;
  readonly ordinal: number;
  readonly part: number;
  readonly role: number;
  readonly is_copy: boolean;
  readonly content_length: number;
  readonly reasoning_length: number;
  readonly tool_calls_length: number;
  readonly content: string | null;
  readonly reasoning: string | null;
  readonly tool_calls: string | null;
}

/** The types of the columns of `texts`; PostgreSQL gives the `docid`. */
export const TEXT_COLUMNS: Columns<TextRow> = {
  home: 'int8',
  sid: 'int8',
  ordinal: 'int8',
  part: 'int4',
  role: 'int2',
  is_copy: 'bool',
  content_length: 'int4',
  reasoning_length: 'int4',
  tool_calls_length: 'int4',
  content: 'tsvector',
  reasoning: 'tsvector',
  tool_calls: 'tsvector',
};

const INSERT_TEXTS = insertRows('texts', TEXT_COLUMNS);

type MessagePlace = Pick<MessageRow, 'home' | 'sid' | 'ordinal'>;

const DELETE_TEXTS = withRows<MessagePlace>(
  { home: 'int8', sid: 'int8', ordinal: 'int8' },
  (rows, homes) => `DELETE FROM texts t USING ${rows} AS given
    WHERE t.home = given.home AND t.sid = given.sid AND t.ordinal = given.ordinal AND t.home = ANY(${homes})`,
);

/** The texts of messages that the mutation with this number has dropped. */
const DELETE_DROPPED = `DELETE FROM texts t WHERE t.home = $1::int8 AND t.sid = $2::int8 AND t.ordinal = ANY(ARRAY(
    SELECT m.ordinal FROM messages m WHERE m.home = $1::int8 AND m.sid = $2::int8 AND m.ordinal >= $3::int8
      AND m.dropped_clock = $4::int8 AND m.dropped_number = $5::int8))`;

const COPY_COLUMNS =
  'role, content_length, reasoning_length, tool_calls_length, content, reasoning, tool_calls';

/**
 * In a fork, the ordinals of copies are their positions. Each message is looked up by its whole key: a join would read the whole history for
 * each text where the statistics do not know yet how long it is.
 */
const COPY_TEXTS = `INSERT INTO texts (home, sid, ordinal, part, is_copy, ${COPY_COLUMNS})
  SELECT $3::int8, $4::int8, m.position, t.part, true, ${COPY_COLUMNS.replace(/\w+/g, 't.$&')} FROM texts t
  CROSS JOIN LATERAL (SELECT position FROM messages WHERE home = $1::int8 AND sid = $2::int8 AND ordinal = t.ordinal
    AND position < $5::int8 AND dropped_clock IS NULL OFFSET 0) AS m
  WHERE t.home = $1::int8 AND t.sid = $2::int8 ORDER BY t.docid`;

/** Milliseconds after which other requests have their turn. */
const STRETCH_MS = 5;

interface Added extends Pick<MessageRow, 'home' | 'sid' | 'ordinal' | 'role' | 'is_copy'> {
  readonly message: SearchedMessage;
}

/** What a transaction changes in the texts that are searched. It is sent once all other rows of the transaction are. */
export class TextChanges {
  readonly #before: [sql: string, values: Value[]][] = [];
  readonly #replaced: MessagePlace[] = [];
  /** By session and ordinal: the latest form of a message is the one that counts. */
  readonly #added = new Map<string, Added>();

  /** A message was written to the history; `isReplacing`: over another one. */
  write(
    { home, sid, ordinal, role, is_copy }: Omit<Added, 'message'>,
    message: SearchedMessage,
    isReplacing: boolean,
  ): void {
    if (isReplacing) this.#replaced.push({ home, sid, ordinal });
    const { content, reasoning, toolCalls } = message;
    this.#added.set(`${sid}/${ordinal}`, {
      home,
      sid,
      ordinal,
      role,
      is_copy,
      message: { content, reasoning: reasoning ?? null, toolCalls: toolCalls ?? null },
    });
  }

  /** The mutation with this clock and number has dropped messages, from an ordinal on. */
  drop({ home, sid }: Place, ordinal: number, clock: number, number: number): void {
    this.#before.push([DELETE_DROPPED, [home, sid, ordinal, clock, number]]);
  }

  /** These messages say nothing any more. */
  redact({ home, sid }: Place, ordinals: readonly number[]): void {
    for (const ordinal of ordinals) {
      this.#replaced.push({ home, sid, ordinal });
      this.#added.delete(`${sid}/${ordinal}`);
    }
  }

  /** A fork has copied the first `length` messages of a history. Their rows must be those that the transaction began with. */
  copy(from: Place, to: Place, length: number): void {
    this.#before.push([COPY_TEXTS, [from.home, from.sid, to.home, to.sid, length]]);
  }

  /** Sends all statements; other requests have their turns while long texts are split into tokens. */
  async send(queries: Pick<TransactionQueries, 'send'>): Promise<void> {
    for (const [sql, values] of this.#before) queries.send(sql, values);
    if (this.#replaced.length > 0) queries.send(DELETE_TEXTS.sql, DELETE_TEXTS.values(this.#replaced));
    const rows = await this.rows();
    if (rows.length > 0) queries.send(INSERT_TEXTS.sql, INSERT_TEXTS.values(rows));
  }

  /** The rows of all messages that were written. */
  async rows(): Promise<TextRow[]> {
    const rows: TextRow[] = [];
    let until = performance.now() + STRETCH_MS;
    for (const added of this.#added.values()) {
      for (const steps = rowSteps(added, rows); !steps.next().done; ) {
        if (performance.now() < until) continue;
        await nextTurn();
        until = performance.now() + STRETCH_MS;
      }
    }
    return rows;
  }
}

/** Adds the rows of a message to `rows`; none if it has no tokens. */
function* rowSteps({ message, ...place }: Added, rows: TextRow[]): Generator<void, void> {
  const ofFields: Vectors[] = [];
  for (const field of SEARCH_FIELDS) ofFields.push(yield* vectorSteps(searchedText(message, field)));
  const [content, reasoning, toolCalls] = ofFields as [Vectors, Vectors, Vectors];
  const count = Math.max(...ofFields.map(({ literals }) => literals.length));
  for (let n = 0; n < count; n += 1) {
    rows.push({
      ...place,
      part: count === 1 ? 0 : n + 1,
      content_length: content.length,
      reasoning_length: reasoning.length,
      tool_calls_length: toolCalls.length,
      content: content.literals[n] ?? null,
      reasoning: reasoning.literals[n] ?? null,
      tool_calls: toolCalls.literals[n] ?? null,
    });
  }
  yield;
}
