import { MESSAGE_ROLES } from '../../../model/message.ts';
import type { Damage, Session, SessionFilter, SessionOrder } from '../../../model/session.ts';
import {
  EMPTY_PAGE,
  type HistoryRequest,
  type HistoryScope,
  type ListKey,
  type Page,
  type PageRequest,
  UnknownKeyError,
} from '../../repository.ts';
import type { AppliedOperation, MessageLocation } from '../session-state.ts';
import type { IndexDatabase } from './database.ts';
import { inOrder } from './in-order.ts';
import { SessionLists } from './session-lists.ts';
import { type SessionRow, sessionOf } from './session-row.ts';
import { allChildren, comparePlaces, type Place, placeBeneath, walkTree } from './tree-walk.ts';

/** What a tombstone keeps of a deleted session. */
export interface TombstoneRow {
  readonly id: string;
  readonly parent_id: string | null;
  readonly arrival: number;
  readonly last: string | null;
}

/** Every question that the index answers. Synchronous: each sees one state of the store. */
export class IndexReader {
  readonly #db: IndexDatabase;
  readonly #lists: SessionLists;
  /** Of the few sessions that have any: every other read is spared the look. */
  #damage = new Map<string, Damage[]>();

  constructor(db: IndexDatabase) {
    this.#db = db;
    this.#lists = new SessionLists(db);
    this.refreshDamage();
  }

  /** After the quarantine has changed. */
  refreshDamage(): void {
    this.#damage = new Map();
    // The sessions that were made of rows tell of damage.
    this.#db.recent.clear();
    const rows = this.#db.all<{ session_id: string; line: number | null; reason: string }>(
      `SELECT session_id, line, reason FROM quarantine
        WHERE kind = 'damage' ORDER BY session_id, line`,
    );
    for (const { session_id, line, reason } of rows) {
      const known = this.#damage.get(session_id);
      if (known) known.push({ line, reason });
      else this.#damage.set(session_id, [{ line, reason }]);
    }
  }

  row(id: string): SessionRow | undefined {
    const recent = this.#db.recent.get(id);
    if (recent) return recent;
    const row = this.#db.get<SessionRow>('SELECT * FROM sessions WHERE id = ?', id);
    if (row) this.#db.recent.remember(row);
    return row;
  }

  session(id: string): Session | null {
    const row = this.row(id);
    return row ? this.#session(row) : null;
  }

  /** Why a new session cannot have this id; null when it can. */
  idTaken(id: string): string | null {
    if (this.#db.sessions.has(id)) return 'a session has it';
    if (this.tombstone(id)) return 'a session that was deleted had it';
    if (this.#db.getWritten("SELECT 1 FROM quarantine WHERE kind = 'file' AND session_id = ?", id)) {
      return 'a file that cannot be read has it (see store { quarantined })';
    }
    return null;
  }

  tombstone(id: string): TombstoneRow | undefined {
    return this.#db.getWritten<TombstoneRow>('SELECT * FROM tombstones WHERE id = ?', id);
  }

  operation(id: string): AppliedOperation | undefined {
    return this.#db.operations.get(id);
  }

  operationsOf(sessionId: string): (AppliedOperation & { logged: number })[] {
    return this.#db.all<AppliedOperation & { logged: number }>(
      `SELECT id, fingerprint, session_id AS sessionId, seq, at, ordinal, position, logged
         FROM operations WHERE session_id = ? ORDER BY seq`,
      sessionId,
    );
  }

  /** The sessions that the change of shape with this sequence number lists, in its order. */
  changedBy(seq: number): string[] {
    return this.#db.column('SELECT id FROM shape_changes WHERE seq = ? ORDER BY place', seq);
  }

  /** The ids that the deletion with this sequence number took away, in its order. */
  deletedBy(seq: number): string[] {
    return this.#db.column('SELECT id FROM tombstones WHERE deleted_seq = ? ORDER BY place', seq);
  }

  children(parentId: string, page: PageRequest<number>): Page<Session> {
    const parent = this.row(parentId);
    if (!parent || parent.child_count === 0) return EMPTY_PAGE;
    const isWhole = page.after === undefined && page.before === undefined && parent.child_count <= page.limit;
    if (isWhole) return this.#pageOf({ items: allChildren(this.#db, parent), hasMore: false });
    const rows = this.#db.all<SessionRow>(
      `SELECT * FROM sessions WHERE parent_seq = ? AND arrival > ? AND arrival < ?
         ORDER BY arrival ${page.from === 'start' ? 'ASC' : 'DESC'} LIMIT ?`,
      parent.seq,
      page.after ?? -1,
      page.before ?? Number.MAX_SAFE_INTEGER,
      page.limit + 1,
    );
    return this.#pageOf(inOrder(rows, page));
  }

  descendants(topId: string, page: PageRequest<string>, maxDepth: number | null): Page<Session> {
    const top = this.row(topId);
    if (!top) return EMPTY_PAGE;
    const after = this.#place(topId, page.after);
    const before = this.#place(topId, page.before);
    const forward = page.from === 'start';
    const [start, end] = forward ? [after, before] : [before, after];
    const rows: SessionRow[] = [];
    const direction = forward ? 'forward' : 'backward';
    for (const visit of walkTree(this.#db, top, direction, maxDepth ?? Number.POSITIVE_INFINITY, start)) {
      if (end && comparePlaces(visit.place(), end) * (forward ? 1 : -1) >= 0) break;
      rows.push(visit.row);
      if (rows.length > page.limit) break;
    }
    return this.#pageOf(inOrder(rows, page));
  }

  #place(topId: string, key: string | undefined): Place | undefined {
    if (key === undefined) return undefined;
    const place = placeBeneath(this.#db, topId, key);
    if (!place) throw new UnknownKeyError(`"${key}" is not beneath "${topId}".`);
    return place;
  }

  countDescendants(id: string, maxDepth: number | null): number {
    return this.#db.get<{ n: number }>(
      `WITH RECURSIVE beneath (seq, depth) AS (
         SELECT c.seq, 1 FROM sessions t JOIN sessions c ON c.parent_seq = t.seq WHERE t.id = ?1 AND ?2 > 0
         UNION ALL
         SELECT c.seq, b.depth + 1 FROM beneath b JOIN sessions c ON c.parent_seq = b.seq WHERE b.depth < ?2
       ) SELECT count(*) AS n FROM beneath`,
      id,
      maxDepth ?? Number.MAX_SAFE_INTEGER,
    )!.n;
  }

  /** The ids of its children, in order of arrival. */
  childIds(id: string): string[] {
    return this.#db.column(
      'SELECT id FROM sessions WHERE parent_seq = (SELECT seq FROM sessions WHERE id = ?) ORDER BY arrival',
      id,
    );
  }

  /** The session and all beneath it, in pre-order, read as they are asked for. */
  *subtree(id: string): Generator<SessionRow, void> {
    const top = this.row(id);
    if (!top) return;
    yield top;
    const beneath = walkTree(this.#db, top, 'forward', Number.POSITIVE_INFINITY, undefined);
    for (const { row } of beneath) yield row;
  }

  ancestors(id: string): Session[] {
    const found: Session[] = [];
    let next = this.row(id)?.parent_seq ?? null;
    while (next !== null) {
      const row =
        this.#db.recent.getBySequence(next) ??
        this.#db.get<SessionRow>('SELECT * FROM sessions WHERE seq = ?', next)!;
      found.unshift(this.#session(row));
      next = row.parent_seq;
    }
    return found;
  }

  list(filter: SessionFilter, order: SessionOrder, page: PageRequest<ListKey>): Page<Session> {
    return this.#pageOf(this.#lists.page(filter, order, page));
  }

  count(filter: SessionFilter): number {
    return this.#lists.count(filter);
  }

  /** Where the messages of a page lie; none for an unknown session. */
  history({ sessionId, roles, page }: HistoryRequest): Page<MessageLocation> {
    const scope = this.#historyScope({ sessionId, roles });
    const rows = this.#db.all<LocationRow>(
      `SELECT ordinal, position, role, offset, length, bytes FROM messages
        WHERE ${scope.sql} AND ordinal > ? AND ordinal < ?
        ORDER BY ordinal ${page.from === 'start' ? 'ASC' : 'DESC'} LIMIT ?`,
      ...scope.values,
      page.after ?? -1,
      page.before ?? Number.MAX_SAFE_INTEGER,
      page.limit + 1,
    );
    const { items, hasMore } = inOrder(rows, page);
    return { items: items.map(locationOf), hasMore };
  }

  countHistory(request: HistoryScope): number {
    const { sql, values } = this.#historyScope(request);
    return this.#db.get<{ n: number }>(`SELECT count(*) AS n FROM messages WHERE ${sql}`, ...values)!.n;
  }

  #historyScope({ sessionId, roles }: HistoryScope): { sql: string; values: (string | number)[] } {
    const session = 'session = (SELECT seq FROM sessions WHERE id = ?)';
    if (!roles) return { sql: session, values: [sessionId] };
    const numbers = roles.map((role) => MESSAGE_ROLES.indexOf(role));
    return { sql: `${session} AND role IN (${numbers.join(', ') || 'NULL'})`, values: [sessionId] };
  }

  /** Messages of a history from `position` on. */
  messagesFrom(sessionId: string, position: number): MessageLocation[] {
    // From the end: positions grow with ordinals, and nothing else is looked at.
    const last = this.#db.get<{ ordinal: number }>(LAST_BEFORE, sessionId, position);
    return this.#locations('messages', sessionId, 'ordinal > ?', last?.ordinal ?? -1);
  }

  /** Messages of a history after one ordinal, up to another and at most `limit`. */
  messagesBetween(sessionId: string, after: number, through: number, limit: number): MessageLocation[] {
    const page = { limit, from: 'start', after, before: through + 1 } as const;
    return [...this.history({ sessionId, page }).items];
  }

  /** What the rollback with sequence number `seq` dropped. */
  droppedBy(sessionId: string, seq: number): MessageLocation[] {
    return this.#locations('dropped_messages', sessionId, 'seq = ?', seq);
  }

  #locations(
    table: 'messages' | 'dropped_messages',
    sessionId: string,
    condition: string,
    value: number,
  ): MessageLocation[] {
    const rows = this.#db.all<LocationRow>(
      `SELECT ordinal, position, role, offset, length, bytes FROM ${table}
        WHERE session = (SELECT seq FROM sessions WHERE id = ?) AND ${condition} ORDER BY ordinal`,
      sessionId,
      value,
    );
    return rows.map(locationOf);
  }

  message(sessionId: string, ordinal: number): MessageLocation | null {
    const page = { limit: 1, from: 'start', after: ordinal - 1, before: ordinal + 1 } as const;
    return this.history({ sessionId, page }).items[0] ?? null;
  }

  #session(row: SessionRow): Session {
    return this.#db.recent.session(row, this.#make);
  }

  readonly #make = (row: SessionRow): Session => sessionOf(row, this.#damage.get(row.id) ?? UNDAMAGED);

  #pageOf({ items, hasMore }: Page<SessionRow>): Page<Session> {
    return { items: items.map((row) => this.#session(row)), hasMore };
  }
}

type LocationRow = Omit<MessageLocation, 'role'> & { readonly role: number };

/** Named one by one: a history of a million is read in pages of a thousand, and spreading takes twice as long. */
function locationOf({ ordinal, position, role, offset, length, bytes }: LocationRow): MessageLocation {
  return { ordinal, position, role: MESSAGE_ROLES[role]!, offset, length, bytes };
}

const LAST_BEFORE = `SELECT ordinal FROM messages
  WHERE session = (SELECT seq FROM sessions WHERE id = ?) AND position < ? ORDER BY ordinal DESC LIMIT 1`;

const UNDAMAGED: readonly Damage[] = Object.freeze([]);
