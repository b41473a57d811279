import type { Session } from '../../../model/session.ts';
import type { PageRequest } from '../../reads.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { KnownFile } from '../disk/known-file.ts';
import type { IndexConnection } from './connection.ts';
import { LatestPlaces, type PlaceInTree } from './latest-places.ts';
import { INTO_SESSIONS, PendingSessions, textOf } from './pending-sessions.ts';
import { RecentRows } from './recent-rows.ts';
import { RowQueue } from './row-queue.ts';
import {
  changesOf,
  rowOf,
  SELECT_BY_ID,
  SELECT_BY_SEQUENCE,
  SELECT_BY_SEQUENCES,
  SELECT_CHILDREN_BETWEEN,
  SELECT_METADATA,
  SELECT_WHOLE_ROW,
  type SessionRow,
  selection,
  UPDATE_ROW,
  type WholeRow,
} from './session-row.ts';
import type { Steps } from './steps.ts';
import { RAISE_TREE_TIME, RENEW_TREE_TIME } from './tree-times.ts';

/** The sessions, each with its place in its tree. Caches recently used rows, which agree with the table. */
export class SessionsTable {
  readonly #db: IndexConnection;
  readonly #rows: RowQueue;
  readonly #recent: RecentRows;
  /** Only while the index is being filled. */
  #latest: LatestPlaces | null = null;
  /**
   * New children by the parent's sequence number, not yet added to its row. Only while the index is being
   * filled.
   */
  readonly #children = new Map<number, number>();

  /** Keeps about `recentBytes` of recently used sessions in memory. */
  constructor(db: IndexConnection, recentBytes: number) {
    this.#db = db;
    this.#recent = new RecentRows(recentBytes);
    this.#rows = new RowQueue(db, INTO_SESSIONS);
  }

  /**
   * Takes the session's place from its parent, if the parent is indexed; `mtime` is the file's, in
   * milliseconds. Returns the new row.
   */
  add(state: SessionState, mtime: number): WholeRow {
    const parent = state.parentId === null ? undefined : this.place(state.parentId);
    const row = rowOf(state, {
      parentSequence: parent?.sequence ?? null,
      rootId: parent?.rootId ?? state.id,
      depth: parent ? parent.depth + 1 : 0,
      childCount: 0,
      treeLastActiveAt: parent ? null : state.lastActiveAt,
      mtime,
    });
    const isOrphan = state.parentId !== null && !parent;
    // An orphan is never pending: a parent that returns looks for its orphans in the table.
    const pending = isOrphan ? null : this.#db.behind.taking(PendingSessions);
    if (state.parentId !== null) this.#recent.addChild(state.parentId);
    if (pending) {
      pending.insert(row);
      this.#recent.remember(row);
    } else this.#rows.add(Object.values(row));
    if (!this.#db.filling) {
      if (parent) this.#raise(parent.rootId, state.lastActiveAt);
      return row;
    }
    this.#latest ??= new LatestPlaces();
    this.#latest.add(row);
    if (!parent) return row;
    this.#children.set(parent.sequence, (this.#children.get(parent.sequence) ?? 0) + 1);
    if (this.#children.size > COUNTED_PARENTS_MAX) this.#writeCounts();
    return row;
  }

  /** Updates an indexed session after a mutation of its own file; `mtime` is the file's, in milliseconds. */
  update(state: SessionState, mtime: number): void {
    const before = this.#recent.get(state.id);
    const changed = changesOf(state, { mtime });
    const values = [...Object.values(changed), state.sequence];
    const pending = this.#db.behind.taking(PendingSessions);
    if (pending) pending.update(state.sequence, values, textOf(state));
    else this.#db.run(UPDATE_ROW, ...values);
    const isActive = before === undefined || before.lastActiveAt < state.lastActiveAt;
    const rootId = isActive ? (before ?? this.#writtenPlace(state.id)).rootId : null;
    if (rootId === state.id) {
      // `UPDATE_ROW` has raised it in the table.
      const treeLastActiveAt = Math.max(before?.treeLastActiveAt ?? 0, state.lastActiveAt);
      this.#recent.change(state.id, { ...changed, treeLastActiveAt });
      return;
    }
    this.#recent.change(state.id, changed);
    if (rootId !== null) this.#raise(rootId, state.lastActiveAt);
  }

  /** The place of an indexed session. Writes pending rows only if the session's is among them, and not cached any more. */
  #writtenPlace(id: string): PlaceInTree {
    return this.#db.written.get<PlaceInTree>(SELECT_PLACE, id) ?? this.place(id)!;
  }

  /** There was an activity in the tree of the root `rootId`. */
  #raise(rootId: string, time: number): void {
    const root = this.#recent.get(rootId);
    if (root && (root.treeLastActiveAt ?? time) >= time) return;
    const pending = this.#db.behind.taking(PendingSessions);
    if (pending) pending.raise(rootId, time);
    else this.#db.run(RAISE_TREE_TIME, time, rootId);
    this.#recent.change(rootId, { treeLastActiveAt: time });
  }

  /** Computes the latest activity in the tree of the session `id` anew if that is a root: other sessions came into the tree, or left. */
  renewTreeTime(id: string): void {
    this.#db.run(RENEW_TREE_TIME, id);
  }

  /** The place of the session `id`; undefined if there is no such session. */
  place(id: string): PlaceInTree | undefined {
    return this.#latest?.get(id) ?? this.#recent.get(id) ?? this.#db.flushed().get(SELECT_PLACE, id);
  }

  /** The row of the session `id`, which is then cached. */
  row(id: string): SessionRow | undefined {
    const recent = this.#recent.get(id);
    if (recent) return recent;
    const row = this.#db.flushed().get<SessionRow>(SELECT_BY_ID, id);
    if (row) this.#recent.remember(row);
    return row;
  }

  /** The row with this sequence number. */
  rowAt(sequence: number): SessionRow | undefined {
    return (
      this.#recent.getBySequence(sequence) ?? this.#db.flushed().get<SessionRow>(SELECT_BY_SEQUENCE, sequence)
    );
  }

  /**
   * The rows of these sessions, which must exist. Most rows of a page that is read again and again are
   * cached.
   */
  *rows(sequences: readonly number[]): Steps<SessionRow[]> {
    const rows = sequences.map((sequence) => this.#recent.getBySequence(sequence));
    const missing = sequences.filter((_, n) => !rows[n]);
    if (missing.length === 0) return rows as SessionRow[];
    const read = new Map<number, SessionRow>();
    for (let from = 0; from < missing.length; from += ROWS_AT_ONCE_MAX) {
      const some = JSON.stringify(missing.slice(from, from + ROWS_AT_ONCE_MAX));
      for (const row of this.#db.flushed().all<SessionRow>(SELECT_BY_SEQUENCES, some)) {
        this.#recent.remember(row);
        read.set(row.sequence, row);
      }
      yield 0;
    }
    return sequences.map((sequence, n) => rows[n] ?? read.get(sequence)!);
  }

  /** All children of a session, in order of arrival, which are then cached. */
  *children(parent: SessionRow): Steps<SessionRow[]> {
    const known = this.#recent.children(parent.id);
    if (known) return known;
    const { changes } = this.#db.behind;
    const page = { limit: Number.MAX_SAFE_INTEGER, from: 'start' } as const;
    const children = yield* this.childrenPage(parent.sequence, page);
    return this.#db.behind.changes === changes ? this.rememberChildren(parent, children) : children;
  }

  /** The ids of all children of the session `id`, if they are cached: another list after a child came or went. */
  cachedChildren(id: string): readonly string[] | undefined {
    return this.#recent.childIds(id);
  }

  /** Caches all children of a session, unless they take too much of the cache. They must be current. Returns the cached rows. */
  rememberChildren(parent: SessionRow, children: readonly SessionRow[]): SessionRow[] {
    return this.#recent.rememberChildren(parent, children);
  }

  /** As `childrenBetween`, in steps. */
  *childrenPage(parent: number, page: PageRequest<number>): Steps<SessionRow[]> {
    const rows: SessionRow[] = [];
    let { after, before } = page;
    for (;;) {
      const limit = Math.min(page.limit - rows.length, ROWS_AT_ONCE_MAX);
      const some = this.childrenBetween(parent, { from: page.from, after, before, limit });
      for (const row of some) rows.push(row);
      if (some.length < limit || rows.length === page.limit) return rows;
      if (page.from === 'start') after = some.at(-1)!.arrival;
      else before = some.at(-1)!.arrival;
      yield 0;
    }
  }

  /**
   * At most `limit` children of the session with the sequence number `parent` that arrived between two others,
   * the earliest or the latest first.
   */
  childrenBetween(
    parent: number,
    { from, after = -1, before = Number.MAX_SAFE_INTEGER, limit }: PageRequest<number>,
  ): SessionRow[] {
    return this.#db.flushed().all(SELECT_CHILDREN_BETWEEN[from], parent, after, before, limit);
  }

  /** The session that `make` creates from the row: once while the row is cached. */
  session(row: SessionRow, make: (row: SessionRow) => Session): Session {
    return this.#recent.session(row, make);
  }

  /** Clears the cache: the table was changed without it. */
  forget(): void {
    this.#recent.clear();
  }

  /** The row of the session `id`, if it is cached. */
  cached(id: string): SessionRow | undefined {
    return this.#recent.get(id);
  }

  /** As `row`, but whole, and neither reads nor fills the cache. */
  storedRow(id: string): WholeRow | undefined {
    return this.#db.flushed().get(SELECT_WHOLE_ROW, id);
  }

  /** A row, which must be current, with its whole metadata. */
  whole(row: SessionRow): WholeRow {
    if (typeof row.metadata === 'string') return row as WholeRow;
    return { ...row, metadata: this.metadataOf(row.sequence)! };
  }

  /** The metadata of the session with this sequence number, as JSON; undefined if there is none. */
  metadataOf(sequence: number): string | undefined {
    return this.#db.flushed().get<{ metadata: string }>(SELECT_METADATA, sequence)?.metadata;
  }

  /** The files of all sessions. */
  files(): Iterable<IndexedFile> {
    return this.#db.flushed().iterate(SELECT_FILE);
  }

  /** The files of the `limit` sessions that come next after the one with this sequence number. */
  filesAfter(sequence: number, limit: number): IndexedFile[] {
    return this.#db.flushed().all(SELECT_FILES_AFTER, sequence, limit);
  }

  /** The numbers of sessions and of their messages from users. */
  totals(): { readonly sessions: number; readonly messages: number } {
    return this.#db
      .flushed()
      .get<{ sessions: number; messages: number }>('SELECT sessions, messages FROM totals')!;
  }

  /** The highest sequence number in session files, and the session that has it; id null if there is none. */
  lastMutation(): { readonly seq: number; readonly id: string | null } {
    // In a query with `max`, SQLite takes the other columns from the row with the maximum.
    return this.#db.flushed().get('SELECT coalesce(max(last_seq), 0) AS seq, id FROM sessions')!;
  }

  /** The sessions whose parents cannot be read, by sequence number. */
  orphans(): { readonly id: string; readonly parentId: string }[] {
    return this.#db
      .flushed()
      .all(`SELECT id, parent_id AS parentId FROM sessions WHERE ${IS_ORPHAN} ORDER BY seq`);
  }

  /** True if the parent of the session `id` cannot be read. */
  isOrphan(id: string): boolean {
    return this.#db.flushed().get(`SELECT 1 FROM sessions WHERE id = ? AND ${IS_ORPHAN}`, id) !== undefined;
  }

  /** True if there is a session `id`. */
  has(id: string): boolean {
    const isInTable = () => this.#db.written.get('SELECT 1 FROM sessions WHERE id = ?', id) !== undefined;
    return this.#db.behind.pending(PendingSessions, (rows) => rows.has(id) || undefined) ?? isInTable();
  }

  /** True if a session has this sequence number. */
  isTaken(sequence: number): boolean {
    return (
      this.#latest?.has(sequence) ??
      this.#db.flushed().get('SELECT 1 FROM sessions WHERE seq = ?', sequence) !== undefined
    );
  }

  /** Call before any read of a table that is being filled. */
  flush(): void {
    this.#rows.flush();
    this.#writeCounts();
  }

  #writeCounts(): void {
    this.#rows.flush();
    for (const [parent, count] of this.#children)
      this.#db.run('UPDATE sessions SET child_count = child_count + ? WHERE seq = ?', count, parent);
    this.#children.clear();
  }

  /** Call when the table is full: from now on its rows are complete. */
  filled(): void {
    this.#latest = null;
  }
}

const SELECT_PLACE = `SELECT ${selection(['sequence', 'rootId', 'depth'])} FROM sessions WHERE id = ?`;

/** The file of a session as of its last read or write. */
export interface IndexedFile extends KnownFile {
  readonly sequence: number;
  readonly id: string;
}

const SELECT_FILE = `SELECT ${selection(['sequence', 'id', 'size', 'mtime'])} FROM sessions`;

const SELECT_FILES_AFTER = `${SELECT_FILE} WHERE seq > ? ORDER BY seq LIMIT ?`;

const IS_ORPHAN = 'parent_seq IS NULL AND parent_id IS NOT NULL';

/** The most rows that are read in one step. */
const ROWS_AT_ONCE_MAX = 128;

/** The most parents whose child counts are kept in memory. */
const COUNTED_PARENTS_MAX = 100_000;
