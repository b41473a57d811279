import type { AppliedOperation, MessageLocation } from '../../records/session-state.ts';
import { LOCATION, type LocationRow, locationOf } from './histories.ts';
import { OPERATION_COLUMNS } from './operations-table.ts';
import type { IndexTables } from './tables.ts';
import type { TombstoneRow } from './tombstones-table.ts';

/** A message that the session ever had. */
export interface EverMessage {
  readonly location: MessageLocation;
  readonly isDropped: boolean;
  readonly isTakenOver: boolean;
}

/** A place in the order of operations: by session, id and caller. */
export interface OperationPlace {
  readonly sessionId: string;
  readonly id: string;
  readonly caller: string | null;
}

/** An operation; `logged` is 1 if it is recorded in the store's log. */
export type DumpRow = AppliedOperation & { readonly logged: number };

/** What a dump reads of the index: pages of rows, each from one state of the index. */
export class DumpRows {
  readonly #tables: IndexTables;

  constructor(tables: IndexTables) {
    this.#tables = tables;
  }

  /** The roots after a sequence number, in order. */
  rootsAfter(sequence: number, limit: number): { readonly id: string; readonly sequence: number }[] {
    const sql = 'SELECT id, seq AS sequence FROM sessions WHERE depth = 0 AND seq > ? ORDER BY seq LIMIT ?';
    return this.#all(sql, sequence, limit);
  }

  droppedCount(session: number): number {
    const sql = 'SELECT count(*) AS n FROM dropped_messages WHERE session = ?';
    return this.#all<{ n: number }>(sql, session)[0]!.n;
  }

  /** All that were ever appended to a session after an ordinal, in order, at most `limit`. */
  messagesAfter(session: number, ordinal: number, limit: number): EverMessage[] {
    const rows = this.#all<LocationRow & { dropped: number; takenOver: number }>(
      SELECT_EVER,
      session,
      ordinal,
      limit,
    );
    return rows.map((row) => ({
      location: locationOf(row),
      isDropped: row.dropped === 1,
      isTakenOver: row.takenOver === 1,
    }));
  }

  tombstonesAfter(id: string, limit: number): TombstoneRow[] {
    const sql =
      'SELECT id, parent_id AS parentId, arrival, owner_id AS ownerId, last FROM tombstones WHERE id > ? ORDER BY id LIMIT ?';
    return this.#all(sql, id, limit);
  }

  /** Those of sessions that are there, or were deleted. */
  operationsAfter({ sessionId, id, caller }: OperationPlace, limit: number): DumpRow[] {
    return this.#all(SELECT_OPERATIONS, sessionId, id, caller ?? '', limit);
  }

  /** The ordinals of the messages that an operation has dropped, in order. */
  droppedBy({ sessionId, seq }: AppliedOperation): number[] {
    const sql = `SELECT ordinal FROM dropped_messages WHERE session = (SELECT seq FROM sessions WHERE id = ?) AND seq = ? ORDER BY ordinal`;
    return this.#all<{ ordinal: number }>(sql, sessionId, seq).map(({ ordinal }) => ordinal);
  }

  #all<Row>(sql: string, ...values: (string | number)[]): Row[] {
    return this.#tables.connection.flushed().all<Row>(sql, ...values);
  }
}

const SELECT_EVER = `SELECT ${LOCATION}, 0 AS dropped, 0 AS takenOver FROM messages WHERE session = ?1 AND ordinal > ?2
  UNION ALL SELECT ${LOCATION}, 1, taken_over FROM dropped_messages WHERE session = ?1 AND ordinal > ?2
  ORDER BY ordinal LIMIT ?3`;

const SELECT_OPERATIONS = `SELECT ${OPERATION_COLUMNS}, logged FROM operations o
  WHERE (session_id, id, caller) > (?, ?, ?)
    AND (EXISTS (SELECT 1 FROM sessions s WHERE s.id = o.session_id) OR EXISTS (SELECT 1 FROM tombstones t WHERE t.id = o.session_id))
  ORDER BY session_id, id, o.caller LIMIT ?`;
