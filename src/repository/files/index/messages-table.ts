import { MESSAGE_ROLES, type MessageRole } from '../../../model/message.ts';
import type { MessageLocation } from '../../records/session-state.ts';
import type { IndexConnection } from './connection.ts';
import { PendingInserts } from './pending-rows.ts';
import { RowInsertion } from './row-insertion.ts';
import { RowQueue } from './row-queue.ts';

const INTO_MESSAGES = new RowInsertion('messages', 8);
/** A message that gets another form keeps the number of the mutation that brought the message. */
const OVER_MESSAGES = new RowInsertion('messages', 8, {
  overwriting: ['position', 'role', 'created_at', 'offset', 'length'],
});

const INTO_REPLACED = new RowInsertion('replaced_messages', 3, { replacing: true });
const INTO_REDACTED = new RowInsertion('redacted_messages', 3, { replacing: true });

class PendingMessages extends PendingInserts {
  constructor() {
    super(INTO_MESSAGES);
  }
}

/** New rows of messages that got another form. Written after `PendingMessages`. */
class PendingForms extends PendingInserts {
  constructor() {
    super(OVER_MESSAGES);
  }
}

class PendingReplaced extends PendingInserts {
  constructor() {
    super(INTO_REPLACED);
  }
}

class PendingRedacted extends PendingInserts {
  constructor() {
    super(INTO_REDACTED);
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

  /** Adds messages that the mutation `seq` has appended. */
  add(session: number, messages: readonly MessageLocation[], seq: number): void {
    const values = rowsOf(session, messages, seq);
    const pending = this.#db.behind.taking(PendingMessages);
    if (pending) pending.push(values);
    else this.#rows.add(values);
  }

  /** Takes the places of other forms of the messages, which the mutation `seq` has replaced. */
  replace(session: number, messages: readonly MessageLocation[], seq: number): void {
    const forms = rowsOf(session, messages, seq);
    const values = messages.flatMap(({ ordinal }) => [session, ordinal, seq]);
    const { behind } = this.#db;
    // The earlier form may be pending: its kind of rows must be the first.
    if (behind.taking(PendingMessages)) {
      behind.taking(PendingForms)!.push(forms);
      behind.taking(PendingReplaced)!.push(values);
    } else {
      this.flush();
      OVER_MESSAGES.insert(this.#db, forms);
      INTO_REPLACED.insert(this.#db, values);
    }
  }

  /** The mutation `seq` has overwritten what messages say, at the time `at`. They are where they were. */
  redact(
    session: number,
    { ordinals, at }: { readonly ordinals: readonly number[]; readonly at: number },
    seq: number,
  ): void {
    const replaced = ordinals.flatMap((ordinal) => [session, ordinal, seq]);
    const redacted = ordinals.flatMap((ordinal) => [session, ordinal, at]);
    const { behind } = this.#db;
    const pending = behind.taking(PendingReplaced);
    if (pending) {
      pending.push(replaced);
      behind.taking(PendingRedacted)!.push(redacted);
    } else {
      INTO_REPLACED.insert(this.#db, replaced);
      INTO_REDACTED.insert(this.#db, redacted);
    }
  }

  /** When a message was redacted, in milliseconds since 1970; null if it never was. */
  redactedAt(session: number, ordinal: number): number | null {
    const sql = 'SELECT at FROM redacted_messages WHERE session = ? AND ordinal = ?';
    return this.#db.flushed().get<{ at: number }>(sql, session, ordinal)?.at ?? null;
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

  /** The lowest position that a truncation after the mutation `seq` dropped a message from; null if none did. */
  droppedSince(session: number, seq: number): number | null {
    const sql = 'SELECT min(position) AS position FROM dropped_messages WHERE session = ? AND seq > ?';
    return this.#db.flushed().get<{ position: number | null }>(sql, session, seq)!.position;
  }

  /** At most `limit` messages that were there at the mutation `seq`, and have another form since, in order. */
  replacedSince(session: number, seq: number, limit: number): { ordinal: number; position: number }[] {
    return this.#db.flushed().all(SELECT_REPLACED_SINCE, session, seq, limit);
  }

  /**
   * Moves the messages from `position` on to `dropped_messages`, as dropped by the truncation `seq`. Returns the ordinal of the last
   * message that stays; -1 if none does.
   */
  drop(session: number, position: number, seq: number): number {
    this.flush();
    // From the end: before `removeOverlapped`, positions may not grow with ordinals.
    const kept =
      this.#db.flushed().get<{ ordinal: number }>(SELECT_LAST_BEFORE, session, position)?.ordinal ?? -1;
    this.#db.run(
      `INSERT INTO dropped_messages SELECT session, ordinal, position, role, created_at, offset, length, ?, 0
         FROM messages WHERE session = ? AND ordinal > ?`,
      seq,
      session,
      kept,
    );
    this.#db.run('DELETE FROM messages WHERE session = ? AND ordinal > ?', session, kept);
    return kept;
  }

  /** Other messages have taken over the usage of these, which were dropped. */
  takeOver(session: number, ordinals: readonly number[]): void {
    for (const ordinal of ordinals)
      this.#db.run(
        'UPDATE dropped_messages SET taken_over = 1 WHERE session = ? AND ordinal = ?',
        session,
        ordinal,
      );
  }

  /**
   * Removes messages that have the position of a later message of the session, or one behind it. They left the history by a truncation
   * whose line cannot be read, which shows only once a message that came after it is replaced.
   */
  removeOverlapped(session: number): void {
    this.flush();
    this.#db.flushed();
    this.#db.run(REMOVE_OVERLAPPED, session);
  }

  /** Removes all messages of a session, those dropped by truncations too. */
  remove(session: number): void {
    this.flush();
    this.#db.run('DELETE FROM messages WHERE session = ?', session);
    this.#db.run('DELETE FROM dropped_messages WHERE session = ?', session);
    this.#db.run('DELETE FROM replaced_messages WHERE session = ?', session);
    this.#db.run('DELETE FROM redacted_messages WHERE session = ?', session);
  }

  /** The number of messages of a role after the one with the ordinal `after`. */
  count(session: number, role: MessageRole, after = -1): number {
    this.flush();
    const sql = 'SELECT count(*) AS n FROM messages WHERE session = ? AND ordinal > ? AND role = ?';
    return this.#db.flushed().get<{ n: number }>(sql, session, after, MESSAGE_ROLES.indexOf(role))!.n;
  }

  /** The position of the first message that a mutation after `seq` has appended; null if there is none. */
  firstAfter(session: number, seq: number): number | null {
    // Both numbers and positions grow with ordinals, of which a truncation leaves some without a message.
    const last = this.#lastUntil(session, Number.MAX_SAFE_INTEGER);
    if (!last || last.seq <= seq) return null;
    let first = last.position;
    let low = 0;
    let high = last.ordinal - 1;
    while (low <= high) {
      const middle = low + Math.floor((high - low) / 2);
      const found = this.#lastUntil(session, middle);
      if (found && found.seq > seq) {
        first = found.position;
        high = found.ordinal - 1;
      } else low = middle + 1;
    }
    return first;
  }

  #lastUntil(session: number, ordinal: number): Place | undefined {
    return this.#db.flushed().get(SELECT_LAST_UNTIL, session, ordinal);
  }

  /** Writes rows that are queued while the index is being filled. Call before any read or change of the table. */
  flush(): void {
    this.#rows.flush();
  }
}

/** The values of rows of messages, one row after the other. */
function rowsOf(session: number, messages: readonly MessageLocation[], seq: number): number[] {
  const values: number[] = [];
  for (const { ordinal, position, role, createdAt, offset, length } of messages)
    values.push(session, ordinal, position, MESSAGE_ROLES.indexOf(role), createdAt, offset, length, seq);
  return values;
}

const SELECT_REPLACED_SINCE = `SELECT ordinal, position FROM replaced_messages r JOIN messages m USING (session, ordinal)
  WHERE r.session = ?1 AND r.seq > ?2 AND m.seq <= ?2 ORDER BY ordinal LIMIT ?3`;

const SELECT_LAST_BEFORE = `SELECT ordinal FROM messages
  WHERE session = ? AND position < ? ORDER BY ordinal DESC LIMIT 1`;

const REMOVE_OVERLAPPED = `DELETE FROM messages WHERE session = ?1 AND ordinal IN (
  SELECT ordinal FROM (
    SELECT ordinal, position, min(position) OVER (
      ORDER BY ordinal DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS next FROM messages WHERE session = ?1
  ) WHERE position >= next
)`;

interface Place {
  readonly ordinal: number;
  readonly position: number;
  readonly seq: number;
}

const SELECT_LAST_UNTIL = `SELECT ordinal, position, seq FROM messages
  WHERE session = ? AND ordinal <= ? ORDER BY ordinal DESC LIMIT 1`;
