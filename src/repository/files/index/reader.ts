import type { IdHolder } from '../../../model/errors.ts';
import type { MessageRole } from '../../../model/message.ts';
import type { Damage, Session } from '../../../model/session.ts';
import type { Sight } from '../../../model/sight.ts';
import type { CopyDetails, ToolCallRef } from '../../reads.ts';
import type { AppliedOperation, MessageLocation } from '../../records/session-state.ts';
import { type MarkAfter, markAfter, markNow } from './changes/changes-page.ts';
import type { IndexDatabase } from './database.ts';
import { DumpRows } from './dump-rows.ts';
import { historyPage, LOCATION, type LocationRow, locationOf } from './histories.ts';
import { ownerOf } from './in-sight.ts';
import { OPERATION_COLUMNS } from './operations-table.ts';
import type { Fault } from './quarantine-table.ts';
import { FORK_ORIGIN } from './schema.ts';
import { type SessionRow, sessionOf, type WholeRow } from './session-row.ts';
import { isInSight } from './sight-condition.ts';
import { atOnce } from './steps.ts';
import type { IndexTables } from './tables.ts';
import type { TombstoneRow } from './tombstones-table.ts';
import { walkTree } from './tree-walk.ts';

/** Short queries of the index. They are synchronous, so each sees one state of the store. `IndexWalks` has the long ones. */
export class IndexReader {
  readonly #tables: IndexTables;
  /** Damage by session id. Few sessions are damaged, so reads of all others need no query. */
  readonly #damage = new Map<string, Damage[]>();

  constructor(db: IndexDatabase) {
    this.#tables = db.tables;
    this.refreshDamage();
  }

  /** Call after the quarantine has changed, for one session or for all. */
  refreshDamage(id: string | null = null): void {
    if (id === null) this.#damage.clear();
    else this.#damage.delete(id);
    // Cached sessions contain their damage.
    this.#tables.sessions.forget();
    for (const { sessionId, line, reason } of this.#tables.quarantine.inSessions(id)) {
      const known = this.#damage.get(sessionId);
      if (known) known.push({ line, reason });
      else this.#damage.set(sessionId, [{ line, reason }]);
    }
  }

  /** True if the session's file, or a part of it, could not be read when last read. */
  isFaulty(id: string): boolean {
    return this.#damage.has(id);
  }

  /** What could not be read of the session's file when it was last read. */
  damageOf(id: string): readonly Damage[] {
    return this.#damage.get(id) ?? UNDAMAGED;
  }

  /** True if there is a session `id`. Does not write pending rows. */
  has(id: string): boolean {
    return this.#tables.sessions.cached(id) !== undefined || this.#tables.sessions.has(id);
  }

  /** The user of the root of the tree that the session is in. The keys of sessions are unique among the trees of one owner. */
  ownerOf(row: SessionRow): string | null {
    return ownerOf(this.#tables, row);
  }

  /** The session of an owner that has this key; null if there is none. */
  withKey(key: string, ownerId: string | null): SessionRow | null {
    const sequence = this.#tables.sessionKeys.holder(key, ownerId);
    return sequence === undefined ? null : (this.#tables.sessions.rowAt(sequence) ?? null);
  }

  row(id: string): SessionRow | undefined {
    return this.#tables.sessions.row(id);
  }

  /** A row that was just read, with its whole metadata: to write the session, or to copy it. */
  whole(row: SessionRow): WholeRow {
    return this.#tables.sessions.whole(row);
  }

  copyDetails(id: string): CopyDetails | null {
    const row = this.row(id);
    return row ? { nextOrdinal: row.nextOrdinal, paid: this.#tables.usage.of(row.sequence) } : null;
  }

  session(id: string): Session | null {
    const row = this.row(id);
    return row ? this.sessionOf(row) : null;
  }

  /** What has this id, so that no new session can; null if it is free. */
  idHolder(id: string): IdHolder | null {
    if (this.#tables.sessions.has(id)) return 'SESSION';
    if (this.tombstone(id)) return 'DELETED_SESSION';
    return this.#tables.quarantine.hasUnreadable(id) ? 'UNREADABLE_FILE' : null;
  }

  tombstone(id: string): TombstoneRow | undefined {
    return this.#tables.tombstones.get(id);
  }

  /** The parent that a session had before the move with this sequence number; null for a root. */
  formerParent(id: string, seq: number): string | null {
    return this.#tables.treeChanges.formerParent(id, seq);
  }

  /** True if the mutation with this sequence number moved the session. */
  isMove(id: string, seq: number): boolean {
    return this.#tables.treeChanges.isMove(id, seq);
  }

  operation(id: string, caller: string | null): AppliedOperation | undefined {
    return this.#tables.operations.get(id, caller);
  }

  operationsOf(sessionId: string): (AppliedOperation & { logged: number })[] {
    return this.#tables.connection
      .flushed()
      .all<AppliedOperation & { logged: number }>(
        `SELECT ${OPERATION_COLUMNS}, logged FROM operations WHERE session_id = ? ORDER BY seq`,
        sessionId,
      );
  }

  /** The sessions beneath a session, in pre-order, read lazily; null for `maxDepth` means all levels. */
  *beneath(id: string, maxDepth: number | null): Generator<SessionRow, void> {
    const top = this.row(id);
    if (!top) return;
    const visits = walkTree(this.#tables, top, 'forward', maxDepth ?? Number.POSITIVE_INFINITY, undefined);
    for (const { row } of visits) yield row;
  }

  /** True if the session `id` is `top` or beneath it. */
  isWithin(id: string, top: string): boolean {
    return this.#tables.connection.flushed().get(SELECT_ABOVE, id, top) !== undefined;
  }

  /** What a dump reads. */
  get dumpRows(): DumpRows {
    return new DumpRows(this.#tables);
  }

  /** What could not be read of the store. */
  faults(): readonly Fault[] {
    return this.#tables.quarantine.all();
  }

  /** True if there are neither sessions nor tombstones. */
  isEmpty(): boolean {
    return this.#tables.tombstones.isEmpty() && this.dumpRows.rootsAfter(0, 1).length === 0;
  }

  /** The mark for all that is visible now. */
  mark(): string {
    return markNow(this.#tables);
  }

  /** As `mark`, with what the mark `after` covers. */
  markAfter(after: string): MarkAfter {
    return markAfter(this.#tables, after);
  }

  /** Messages of a history from `position` on, at most `limit`. */
  messagesFrom(sessionId: string, position: number, limit: number): MessageLocation[] {
    const last = this.#tables.messages.lastBefore(this.row(sessionId)?.sequence ?? -1, position);
    return this.messagesBetween(sessionId, last, Number.MAX_SAFE_INTEGER - 1, limit);
  }

  /** The number of messages of a role from `position` on. */
  countFrom(sessionId: string, position: number, role: MessageRole): number {
    const { messages } = this.#tables;
    const session = this.row(sessionId)?.sequence ?? -1;
    return messages.count(session, role, messages.lastBefore(session, position));
  }

  /** Messages of a history after one ordinal, through another, and at most `limit`. */
  messagesBetween(sessionId: string, after: number, through: number, limit: number): MessageLocation[] {
    const page = { limit, from: 'start', after, before: through + 1 } as const;
    return [...atOnce(historyPage(this.#tables, { sessionId, page })).items];
  }

  /** What the truncation with sequence number `seq` dropped: the first of its messages, at most `limit`. */
  droppedBy(sessionId: string, seq: number, limit: number): MessageLocation[] {
    const rows = this.#tables.connection.flushed().all<LocationRow>(SELECT_DROPPED, sessionId, seq, limit);
    return rows.map(locationOf);
  }

  message(sessionId: string, ordinal: number): MessageLocation | null {
    const row = this.#tables.connection.flushed().get<LocationRow>(SELECT_MESSAGE, sessionId, ordinal);
    return row ? locationOf(row) : null;
  }

  /** The location of a message of the session's history, or of one that a truncation dropped; null if there is none. */
  messageEver(sessionId: string, ordinal: number): MessageLocation | null {
    const location = this.message(sessionId, ordinal);
    if (location) return location;
    const { connection } = this.#tables;
    const row = connection.flushed().get<LocationRow>(SELECT_DROPPED_MESSAGE, sessionId, ordinal);
    return row ? locationOf(row) : null;
  }

  /** When a message was redacted; null if it never was. */
  redactedAt(sessionId: string, ordinal: number): Date | null {
    const session = this.row(sessionId)?.sequence;
    const at = session === undefined ? null : this.#tables.messages.redactedAt(session, ordinal);
    return at === null ? null : new Date(at);
  }

  /** The ids that the names of files say which are no sessions, since they cannot be read or have no place in the store. */
  unindexedIds(): string[] {
    return this.#tables.quarantine.unreadableIds().filter((id) => !this.has(id));
  }

  /** The ids of the sessions that were forked from a session. */
  forkIdsOf(sessionId: string, sight: Sight | null): string[] {
    const { sql, values } = sight ? isInSight(sight) : { sql: 'true', values: [] };
    const all = `SELECT id FROM sessions WHERE forked_from IS NOT NULL AND ${FORK_ORIGIN} = ? AND ${sql} ORDER BY created_at`;
    return this.#tables.connection.flushed().column(all, sessionId, ...values);
  }

  /** The ordinal of the message in the session's history that has this key; null if there is none. */
  ordinalOfKey(sessionId: string, key: string): number | null {
    const session = this.row(sessionId)?.sequence;
    return session === undefined ? null : (this.#tables.messageKeys.ordinalOf(session, key) ?? null);
  }

  /** The ordinal of the first message after a tool call that answers it; null if there is none, or if the history lacks the call's message. */
  ordinalOfResult({ sessionId, ordinal, toolCallId }: ToolCallRef): number | null {
    const session = this.row(sessionId)?.sequence;
    return session === undefined
      ? null
      : (this.#tables.toolResults.firstAfter(session, ordinal, toolCallId) ?? null);
  }

  /** The session of a row, which another connection may have read. */
  sessionOf(row: SessionRow): Session {
    return this.#tables.sessions.session(row, this.#make);
  }

  readonly #make = (row: SessionRow): Session => sessionOf(row, this.#damage.get(row.id) ?? UNDAMAGED);

  /** The metadata of a session as JSON; null for an unknown session. */
  metadataOf(id: string): string | null {
    const row = this.row(id);
    return row ? this.#tables.sessions.whole(row).metadata : null;
  }
}

const OF_SESSION = 'session = (SELECT seq FROM sessions WHERE id = ?)';
const SELECT_MESSAGE = `SELECT ${LOCATION} FROM messages WHERE ${OF_SESSION} AND ordinal = ?`;
const SELECT_DROPPED_MESSAGE = `SELECT ${LOCATION} FROM dropped_messages WHERE ${OF_SESSION} AND ordinal = ?`;
const SELECT_DROPPED = `SELECT ${LOCATION} FROM dropped_messages
  WHERE ${OF_SESSION} AND seq = ? ORDER BY ordinal LIMIT ?`;

const SELECT_ABOVE = `WITH RECURSIVE above (seq) AS (
    SELECT seq FROM sessions WHERE id = ?
    UNION SELECT s.parent_seq FROM above a JOIN sessions s ON s.seq = a.seq WHERE s.parent_seq IS NOT NULL
  ) SELECT 1 FROM above WHERE seq = (SELECT seq FROM sessions WHERE id = ?)`;

const UNDAMAGED: readonly Damage[] = Object.freeze([]);
