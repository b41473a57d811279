import { MESSAGE_ROLES, type MessageRole } from '../../../model/message.ts';
import type { MessageLocation } from '../session-state.ts';
import type { IndexDatabase } from './database.ts';
import { RowInsertion, RowQueue } from './row-insertion.ts';

/** Where the messages of sessions lie. Sessions go by their sequence numbers. */
export class MessagesTable {
  readonly #db: IndexDatabase;
  readonly #rows: RowQueue;

  constructor(db: IndexDatabase) {
    this.#db = db;
    this.#rows = new RowQueue(db, INTO_MESSAGES);
  }

  add(session: number, messages: readonly MessageLocation[]): void {
    const values: number[] = [];
    for (const { ordinal, position, role, offset, length, bytes } of messages)
      values.push(session, ordinal, position, MESSAGE_ROLES.indexOf(role), offset, length, bytes);
    const { changes } = this.#db.behind;
    if (changes) changes.addMessages(values);
    else this.#rows.add(values);
  }

  /** Sets aside what stands from `position` on: the mutation `seq` rolled it back. */
  drop(session: number, position: number, seq: number): void {
    this.flush();
    const last = this.#db.get<{ ordinal: number }>(
      'SELECT ordinal FROM messages WHERE session = ? AND position < ? ORDER BY ordinal DESC LIMIT 1',
      session,
      position,
    );
    const kept = last?.ordinal ?? -1;
    this.#db.run(
      'INSERT INTO dropped_messages SELECT *, ? FROM messages WHERE session = ? AND ordinal > ?',
      seq,
      session,
      kept,
    );
    this.#db.run('DELETE FROM messages WHERE session = ? AND ordinal > ?', session, kept);
  }

  /** All of a session's, those too that were rolled back. */
  remove(session: number): void {
    this.flush();
    this.#db.run('DELETE FROM messages WHERE session = ?', session);
    this.#db.run('DELETE FROM dropped_messages WHERE session = ?', session);
  }

  count(session: number, role: MessageRole): number {
    this.flush();
    const sql = 'SELECT count(*) AS n FROM messages WHERE session = ? AND role = ?';
    return this.#db.get<{ n: number }>(sql, session, MESSAGE_ROLES.indexOf(role))!.n;
  }

  /** To be called before an index that was filled is said to be complete. */
  flush(): void {
    this.#rows.flush();
  }
}

/** Columns as the schema has them. */
export const INTO_MESSAGES = new RowInsertion('messages', 7);
