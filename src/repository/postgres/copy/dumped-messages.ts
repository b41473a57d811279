import type { DumpedMessage } from '../../dump.ts';
import type { ReadOptions } from '../../read-options.ts';
import type { Queries } from '../connection/queries.ts';
import { messageOfRow, type ReadMessageRow } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';

/** Messages, and bytes of texts, that are read with one statement. A longer message is read alone. */
const MESSAGES_AT_ONCE = 1_000;
const BYTES_AT_ONCE = 4 * 1024 * 1024;

const COLUMNS = `x.ordinal, x.position, x.role, x.created_at, x.key, x.model, x.tool_call_id, x.usage, x.content, x.content_length, x.reasoning,
      x.tool_calls, x.payload, x.metadata, x.rest, x.is_copy, x.replaced_at, x.redacted_at, x.taken_over,
      x.dropped_clock IS NOT NULL AS is_dropped, x.bytes`;

/** All messages of sessions behind an ordinal, dropped ones too: as many as are read at once. */
const SELECT_MESSAGES = `SELECT * FROM (
    SELECT asked.sid, asked.n, m.*, sum(m.bytes) OVER (ORDER BY asked.n, m.ordinal) AS bytes_until
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) WITH ORDINALITY AS asked (home, sid, after, n)
    CROSS JOIN LATERAL (SELECT ${COLUMNS} FROM messages x WHERE x.home = asked.home AND x.sid = asked.sid AND x.ordinal > asked.after
      ORDER BY x.ordinal LIMIT ${MESSAGES_AT_ONCE}) AS m) AS r
  WHERE r.bytes_until - r.bytes < ${BYTES_AT_ONCE} ORDER BY r.n, r.ordinal`;

interface Row extends ReadMessageRow {
  readonly sid: number;
  readonly is_dropped: boolean;
  readonly taken_over: boolean;
}

/** A session whose messages are dumped. */
export interface DumpedPlace extends Place {
  readonly id: string;
  /** How many messages it has, with those that were dropped. */
  readonly count: number;
}

/** What one statement reads: messages of some sessions, of the first of them behind `after`. */
interface Reading {
  readonly sids: ReadonlySet<number>;
  readonly first: number;
  readonly after: number;
  readonly rows: Promise<ReadonlyMap<number, readonly Row[]>>;
}

/** The messages of sessions that are dumped one after the other: one statement reads those of several. */
export class DumpedMessages {
  readonly #queries: Queries;
  readonly #sessions: readonly DumpedPlace[];
  readonly #options: ReadOptions | undefined;
  #latest: Reading | null = null;

  constructor(queries: Queries, sessions: readonly DumpedPlace[], options: ReadOptions | undefined) {
    this.#queries = queries;
    this.#sessions = sessions;
    this.#options = options;
  }

  /** All messages of the session at an index, by their ordinals. */
  async *of(index: number): AsyncGenerator<DumpedMessage> {
    const { id, sid, count } = this.#sessions[index]!;
    let after = -1;
    for (let read = 0; read < count; ) {
      const rows = await this.#behind(index, sid, after);
      for (const row of rows)
        yield { ...messageOfRow(row, id), isDropped: row.is_dropped, isTakenOver: row.taken_over };
      read += rows.length;
      after = rows.at(-1)!.ordinal;
    }
  }

  async #behind(index: number, sid: number, after: number): Promise<readonly Row[]> {
    const known = this.#latest;
    if (known?.sids.has(sid) && after === (known.first === sid ? known.after : -1)) {
      const rows = (await known.rows).get(sid);
      // None if the sessions before it have used up `BYTES_AT_ONCE`.
      if (rows) return rows;
    }
    const reading = this.#read(index, after);
    this.#latest = reading;
    const rows = (await reading.rows).get(sid);
    if (!rows) throw new Error(`Expected further messages of the session with the number ${sid}, got none.`);
    return rows;
  }

  #read(index: number, after: number): Reading {
    const first = this.#sessions[index]!;
    const asked: DumpedPlace[] = [first];
    for (let n = index + 1, count = first.count; n < this.#sessions.length; n += 1) {
      const next = this.#sessions[n]!;
      count += next.count;
      if (count > MESSAGES_AT_ONCE) break;
      if (next.count > 0) asked.push(next);
    }
    const values = [
      asked.map(({ home }) => home),
      asked.map(({ sid }) => sid),
      asked.map((_, n) => (n === 0 ? after : -1)),
    ];
    const rows = this.#queries
      .rows<Row>(SELECT_MESSAGES, values, this.#options)
      .then((read) => Map.groupBy(read, ({ sid }) => sid));
    // Told where they are waited for.
    rows.catch(() => {});
    return { sids: new Set(asked.map(({ sid }) => sid)), first: first.sid, after, rows };
  }
}
