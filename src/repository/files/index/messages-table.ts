import { MESSAGE_ROLES, type MessageRole } from '../../../model/message.ts';
import type { MessageLocation } from '../format/session-state.ts';
import type { IndexConnection } from './connection.ts';
import { PendingInserts } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { RowQueue } from './row-queue.ts';

const INTO_MESSAGES = new RowInsertion('messages', 7);

class PendingMessages extends PendingInserts {
  constructor() {
    super(INTO_MESSAGES);
  }
}

/** Where the messages of sessions lie in their files. Sessions are given by their sequence numbers. */
export class MessagesTable {
  readonly #db: IndexConnection;
  readonly #rows: RowQueue;

  constructor(db: IndexConnection) {
    this.#db = db;
    this.#rows = new RowQueue(db, INTO_MESSAGES);
  }

  add(session: number, messages: readonly MessageLocation[]): void {
    const values: number[] = [];
    for (const { ordinal, position, role, createdAt, offset, length } of messages)
      values.push(session, ordinal, position, MESSAGE_ROLES.indexOf(role), createdAt, offset, length);
    const pending = this.#db.behind.taking(PendingMessages);
    if (pending) pending.push(values);
    else this.#rows.add(values);
  }

  /** The ordinal of the last message before `position`; -1 if there is none. */
  lastBefore(session: number, position: number): number {
    // Positions grow with ordinals.
    let low = -1;
    let high = this.#lastUntil(session, Number.MAX_SAFE_INTEGER)?.ordinal ?? -1;
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2);
      const found = this.#lastUntil(session, middle);
      if (!found || found.position < position) low = middle;
      else high = found.ordinal - 1;
    }
    return this.#lastUntil(session, low)?.ordinal ?? -1;
  }

  /** The position that a message had when a truncation dropped it; null if none did. */
  droppedFrom(session: number, ordinal: number): number | null {
    const sql = 'SELECT position FROM dropped_messages WHERE session = ? AND ordinal = ?';
    return this.#db.flushed().get<{ position: number }>(sql, session, ordinal)?.position ?? null;
  }

  /** Moves the messages from `position` on to `dropped_messages`, as dropped by the truncation `seq`. */
  drop(session: number, position: number, seq: number): void {
    this.flush();
    const kept = this.lastBefore(session, position);
    this.#db.run(
      'INSERT INTO dropped_messages SELECT *, ? FROM messages WHERE session = ? AND ordinal > ?',
      seq,
      session,
      kept,
    );
    this.#db.run('DELETE FROM messages WHERE session = ? AND ordinal > ?', session, kept);
  }

  /** Removes all messages of a session, those dropped by truncations too. */
  remove(session: number): void {
    this.flush();
    this.#db.run('DELETE FROM messages WHERE session = ?', session);
    this.#db.run('DELETE FROM dropped_messages WHERE session = ?', session);
  }

  /** The number of messages of a role after the one with the ordinal `after`. */
  count(session: number, role: MessageRole, after = -1): number {
    this.flush();
    const sql = 'SELECT count(*) AS n FROM messages WHERE session = ? AND ordinal > ? AND role = ?';
    return this.#db.flushed().get<{ n: number }>(sql, session, after, MESSAGE_ROLES.indexOf(role))!.n;
  }

  #lastUntil(session: number, ordinal: number): { ordinal: number; position: number } | undefined {
    return this.#db.flushed().get(SELECT_LAST_UNTIL, session, ordinal);
  }

  /** Writes rows that are queued while the index is being filled. Call before any read or change of the table. */
  flush(): void {
    this.#rows.flush();
  }
}

const SELECT_LAST_UNTIL = `SELECT ordinal, position FROM messages
  WHERE session = ? AND ordinal <= ? ORDER BY ordinal DESC LIMIT 1`;
