import type { KeyedMessage } from '../../records/named-messages.ts';
import type { IndexConnection } from './connection.ts';
import type { PendingRows } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { RowQueue } from './row-queue.ts';
import type { Statements } from './statements.ts';

// A key is free again once its message is dropped, and the row of that message is then replaced.
const INTO_KEYS = new RowInsertion('message_keys', 3, { replacing: true });

/** Keys of new messages. None of them was dropped: a truncation first writes all pending rows. */
class PendingMessageKeys implements PendingRows {
  /** By session and key. */
  readonly #rows = new Map<string, readonly [session: number, key: string, ordinal: number]>();
  readonly text = 0;

  get rows(): number {
    return this.#rows.size;
  }

  ordinalOf(session: number, key: string): number | undefined {
    return this.#rows.get(`${session} ${key}`)?.[2];
  }

  insert(session: number, { key, ordinal }: KeyedMessage): void {
    this.#rows.set(`${session} ${key}`, [session, key, ordinal]);
  }

  add(later: this): void {
    for (const [place, row] of later.#rows) this.#rows.set(place, row);
  }

  write(statements: Pick<Statements, 'run'>): void {
    INTO_KEYS.insert(statements, [...this.#rows.values()].flat());
  }
}

/** Which message of a session has which key. Only messages with keys have rows, so others cost nothing. */
export class MessageKeysTable {
  readonly #db: IndexConnection;
  readonly #rows: RowQueue;

  constructor(db: IndexConnection) {
    this.#db = db;
    this.#rows = new RowQueue(db, INTO_KEYS);
  }

  add(session: number, keys: readonly KeyedMessage[]): void {
    if (keys.length === 0) return;
    const pending = this.#db.behind.taking(PendingMessageKeys);
    if (pending) for (const keyed of keys) pending.insert(session, keyed);
    else this.#rows.add(keys.flatMap(({ key, ordinal }) => [session, key, ordinal]));
  }

  /** The ordinal of the message in the session's history that has the key; undefined if there is none. */
  ordinalOf(session: number, key: string): number | undefined {
    const pending = this.#db.behind.pending(PendingMessageKeys, (rows) => rows.ordinalOf(session, key));
    return pending ?? this.#db.written.get<{ ordinal: number }>(SELECT_ORDINAL, session, key)?.ordinal;
  }

  /** Removes the keys of messages that were dropped for good. */
  removeSome(session: number, ordinals: readonly number[]): void {
    this.flush();
    const sql = 'DELETE FROM message_keys WHERE session = ? AND ordinal IN (SELECT value FROM json_each(?))';
    this.#db.run(sql, session, JSON.stringify(ordinals));
  }

  /** Removes all keys of a session's messages. */
  remove(session: number): void {
    this.flush();
    this.#db.run('DELETE FROM message_keys WHERE session = ?', session);
  }

  /** Writes rows that are queued while the index is being filled. */
  flush(): void {
    this.#rows.flush();
  }
}

const SELECT_ORDINAL = `SELECT k.ordinal FROM message_keys k
  JOIN messages m ON m.session = k.session AND m.ordinal = k.ordinal WHERE k.session = ? AND k.key = ?`;
