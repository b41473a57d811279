import {
  ALL_TEXTS,
  MESSAGE_ROLES,
  type Message,
  type ShownTexts,
  textBytesOf,
} from '../../../model/message.ts';
import type { HistoryView, KnownMessage, MessagePlace } from '../../plans/history-view.ts';
import { chargeExcess, type ReadOptions } from '../../read-options.ts';
import type { ReadLimit } from '../../reads.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { TextAllowance } from '../../text-allowance.ts';
import type { Queries } from '../connection/queries.ts';
import { messageOfRow, type ReadMessageRow } from '../rows/message-row.ts';
import type { Place } from '../rows/places.ts';

/** A message's place, with what is shown of it where its texts are not asked for. `bytes`: of its texts, as they are stored. */
export interface PlaceRow extends MessagePlace {
  readonly role: number;
  readonly bytes: number;
}

/** Bytes of texts that are read with one query; a longer message is read alone. */
const BYTES_AT_ONCE = 4 * 1024 * 1024;

const PLACE_COLUMNS = 'ordinal, position, role, created_at AS "createdAt", bytes';
const OF_SESSION = 'FROM messages WHERE home = $1::int8 AND sid = $2::int8';

const SELECT_KEYED = `SELECT key, ${PLACE_COLUMNS} ${OF_SESSION} AND key = ANY($3::text[]) AND dropped_clock IS NULL`;

// No position is above its ordinal: the primary key leaves out what is before.
const FROM_POSITION = `${OF_SESSION} AND ordinal >= $3::int8 AND position >= $3::int8 AND dropped_clock IS NULL`;
const SELECT_FROM = `SELECT ${PLACE_COLUMNS} ${FROM_POSITION} ORDER BY ordinal LIMIT $4::int8`;
const COUNT_USERS = `SELECT count(*) AS count ${FROM_POSITION} AND role = ${MESSAGE_ROLES.indexOf('USER')}`;

const SELECT_DROPPED = `SELECT ${PLACE_COLUMNS} ${OF_SESSION} AND dropped_number = $3::int8 ORDER BY ordinal LIMIT $4::int8`;

const SELECT_EVER = `SELECT ${PLACE_COLUMNS}, redacted_at IS NOT NULL AS "isRedacted" ${OF_SESSION} AND ordinal = ANY($3::int8[])`;

/** Texts that are not shown are null. */
const SELECT_MESSAGES = `SELECT ordinal, position, role, created_at, key, model, tool_call_id, usage, content_length, rest, is_copy, replaced_at,
    redacted_at, CASE WHEN $4::bool THEN content END AS content, CASE WHEN $5::bool THEN reasoning END AS reasoning,
    CASE WHEN $6::bool THEN tool_calls END AS tool_calls, CASE WHEN $7::bool THEN payload END AS payload,
    CASE WHEN $8::bool THEN metadata END AS metadata
  ${OF_SESSION} AND ordinal = ANY($3::int8[])`;

/** A history as the database has it. In a transaction that has locked the tree, nobody else changes it. */
export class PostgresHistoryView implements HistoryView<SessionState, PlaceRow> {
  readonly sessionId: string;
  readonly #queries: Queries;
  readonly #place: Place;
  readonly #state: SessionState | undefined;

  /** `state` is that of the session, if it is there. */
  constructor(queries: Queries, sessionId: string, place: Place, state: SessionState | undefined) {
    this.#queries = queries;
    this.sessionId = sessionId;
    this.#place = place;
    this.#state = state;
  }

  async session(): Promise<SessionState | undefined> {
    return this.#state;
  }

  async withKeys(keys: readonly string[]): Promise<ReadonlyMap<string, PlaceRow>> {
    const rows = await this.#rows<PlaceRow & { readonly key: string }>(SELECT_KEYED, [keys]);
    return new Map(rows.map((row) => [row.key, row]));
  }

  from(position: number, most: number): Promise<readonly PlaceRow[]> {
    return this.#rows(SELECT_FROM, [position, most]);
  }

  async usersFrom(position: number): Promise<number> {
    const [row] = await this.#rows<{ readonly count: number }>(COUNT_USERS, [position]);
    return row!.count;
  }

  droppedBy(seq: number, most: number): Promise<readonly PlaceRow[]> {
    return this.#rows(SELECT_DROPPED, [seq, most]);
  }

  async ever(ordinals: readonly number[]): Promise<ReadonlyMap<number, KnownMessage<PlaceRow>>> {
    const rows = await this.#rows<PlaceRow & { readonly isRedacted: boolean }>(SELECT_EVER, [ordinals]);
    return new Map(rows.map(({ isRedacted, ...place }) => [place.ordinal, { place, isRedacted }]));
  }

  async read(
    places: readonly PlaceRow[],
    limit: ReadLimit,
    allowance: TextAllowance,
  ): Promise<readonly Message[]> {
    const { shown = ALL_TEXTS, onRead } = limit;
    if (shown === null) return places.map((place) => this.#headOf(place));
    onRead?.(places.reduce((sum, { bytes }) => sum + bytes, 0));
    const messages: Message[] = [];
    for (const part of partsOf(places)) {
      allowance.take(0);
      const read = await this.#read(part, shown, limit);
      for (const { ordinal, bytes } of part) {
        const message = read.get(ordinal);
        if (!message) continue;
        const counted = textBytesOf(message, shown);
        allowance.take(counted);
        chargeExcess(limit, counted, bytes);
        messages.push(message);
      }
    }
    return messages;
  }

  async *readWhole(
    places: readonly PlaceRow[],
  ): AsyncGenerator<readonly [n: number, message: Message | null]> {
    let n = 0;
    for (const part of partsOf(places)) {
      const read = await this.#read(part, ALL_TEXTS);
      for (const { ordinal } of part) {
        yield [n, read.get(ordinal) ?? null];
        n += 1;
      }
    }
  }

  async #read(
    places: readonly PlaceRow[],
    shown: ShownTexts,
    options?: ReadOptions,
  ): Promise<Map<number, Message>> {
    const { content, contentCuts, reasoning, toolCalls, payload, metadata } = shown;
    const rows = await this.#rows<ReadMessageRow>(
      SELECT_MESSAGES,
      [
        places.map(({ ordinal }) => ordinal),
        content > 0 || contentCuts.length > 0,
        reasoning > 0,
        toolCalls > 0,
        payload > 0,
        metadata > 0,
      ],
      options,
    );
    return new Map(rows.map((row) => [row.ordinal, messageOfRow(row, this.sessionId, shown)]));
  }

  #rows<Row>(
    sql: string,
    values: Parameters<Queries['rows']>[1] & {},
    options?: ReadOptions,
  ): Promise<Row[]> {
    const { home, sid } = this.#place;
    return this.#queries.rows(sql, [home, sid, ...values], options);
  }

  #headOf({ ordinal, position, role, createdAt }: PlaceRow): Message {
    return {
      sessionId: this.sessionId,
      ordinal,
      position,
      role: MESSAGE_ROLES[role]!,
      createdAt: new Date(createdAt),
    } as Message;
  }
}

/** Places in parts that are read with one query each. */
function partsOf(places: readonly PlaceRow[]): PlaceRow[][] {
  const parts: PlaceRow[][] = [];
  let bytes = 0;
  for (const place of places) {
    bytes += place.bytes;
    if (parts.length === 0 || bytes > BYTES_AT_ONCE) {
      parts.push([]);
      bytes = place.bytes;
    }
    parts.at(-1)!.push(place);
  }
  return parts;
}
