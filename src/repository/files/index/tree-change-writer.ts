import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Tombstone, TreeRecord } from '../format/store-record.ts';
import { eachChild, PARENT_COLUMNS, type Parent } from './beneath.ts';
import type { IndexDatabase } from './database.ts';
import { type SessionRow, stateOf } from './session-row.ts';
import type { IndexTables } from './tables.ts';
import { changesIn, placed, type TreeChange } from './tree-changes.ts';
import { IndexWriter } from './writer.ts';

/**
 * Applies records of the store's log to the index: moves, (un)archivals and deletions. The caller opens the
 * transaction.
 */
export class TreeChangeWriter {
  readonly #tables: IndexTables;
  readonly #writer: IndexWriter;
  /** The lowest number of a mutation of which the index did not have everything. */
  lowestAdded = Number.POSITIVE_INFINITY;

  constructor(db: IndexDatabase, clock: StoreClock) {
    this.#tables = db.tables;
    this.#writer = new IndexWriter(db, clock);
  }

  /** Applies a committed tree change. Deleted sessions are removed; their ids and operations stay. */
  apply(record: TreeRecord): void {
    for (const _ of this.steps(record));
  }

  /** As `apply`, in steps of about one session. */
  *steps(record: TreeRecord): Generator<unknown, void> {
    const counts = new ChildCounts(this.#tables);
    const roots = new Set<string>();
    for (const [place, change] of changesIn(record).entries()) {
      // A start applies the whole log again: the rows already agree with changes that the index has.
      if (this.#tables.treeChanges.add(record.seq, place, change)) {
        this.#noteAdded(record.seq);
        yield* this.#place(record.seq, change, counts, roots);
      }
      yield;
    }
    counts.write();
    if (record.op === 'delete') yield* this.#buryAll(record.seq, record.sessions, roots);
    for (const id of roots) {
      this.#tables.sessions.renewTreeTime(id);
      yield;
    }
    if (record.operation) {
      const sessionId = record.op === 'delete' ? record.sessions[0]!.id : record.id;
      const { seq, operation } = record;
      const { id, fingerprint, caller = null } = operation;
      const at = Date.parse(record.at);
      const none = { ordinal: null, position: null, answer: null };
      this.#tables.operations.addLogged({ id, caller, fingerprint, sessionId, seq, at, ...none });
    }
    this.#tables.sessions.forget();
  }

  #noteAdded(seq: number): void {
    this.lowestAdded = Math.min(this.lowestAdded, seq);
  }

  *#buryAll(seq: number, tombstones: readonly Tombstone[], roots: Set<string>): Generator<unknown, void> {
    const buried: number[] = [];
    for (const [place, tombstone] of tombstones.entries()) {
      const row = this.#tables.sessions.place(tombstone.id);
      if (row) {
        buried.push(row.sequence);
        roots.add(row.rootId);
      }
      this.#bury(seq, place, tombstone);
      yield;
    }
    for (const sequence of buried) {
      // A file that was restored meanwhile may be a child of a deleted session.
      if (this.#tables.connection.flushed().get(SELECT_CHILD, sequence)) {
        this.#writer.relink();
        return;
      }
      yield;
    }
  }

  /**
   * Applies a change with sequence number `seq`, which was just added to the table, to the session's row. Adds to `roots` the sessions that
   * are or were roots of the trees that it changes.
   */
  *#place(
    seq: number,
    change: TreeChange,
    counts: ChildCounts,
    roots: Set<string>,
  ): Generator<unknown, void> {
    const { id } = change;
    const row = this.#tables.sessions.storedRow(id);
    if (!row) return;
    const { treeChanges, connection } = this.#tables;
    // The row has all earlier changes. A session may have very many, so that they are read only if this change is
    // not the latest: then a damaged line of the log was restored.
    const isLatest = seq > row.sequence && treeChanges.since(id, seq).length === 0;
    const changes = isLatest ? [change] : treeChanges.since(id, row.sequence);
    const { parentId, arrival, archivedAt, version, updatedAt } = placed(stateOf(row), changes);
    if (archivedAt === row.archivedAt) connection.run(UPDATE_VERSION, version, updatedAt, row.sequence);
    else connection.run(UPDATE_ARCHIVAL, version, updatedAt, archivedAt, row.sequence);
    if (arrival !== row.arrival) yield* this.#move(row, parentId, arrival, counts, roots);
  }

  *#move(
    row: SessionRow,
    parentId: string | null,
    arrival: number,
    counts: ChildCounts,
    roots: Set<string>,
  ): Generator<unknown, void> {
    const { connection, sessions, quarantine } = this.#tables;
    const parent = parentId === null ? undefined : sessions.place(parentId);
    // Most moved sessions have no children, and are above none.
    const isLeaf = row.childCount === 0 && !counts.has(row.sequence);
    if (parent && !isLeaf && this.#isAbove(row.sequence, parent.sequence)) {
      // No planned move makes a cycle: a file that was restored meanwhile has closed this one. The relink breaks
      // it as it breaks any cycle of files, and counts all children.
      connection.run(
        'UPDATE sessions SET parent_id = ?, arrival = ? WHERE seq = ?',
        parentId,
        arrival,
        row.sequence,
      );
      counts.forget();
      this.#writer.relink();
      return;
    }
    if (row.parentSequence !== null) counts.add(row.parentSequence, -1);
    if (parent) counts.add(parent.sequence, 1);
    connection.run(
      'UPDATE sessions SET parent_id = ?, parent_seq = ?, arrival = ? WHERE seq = ?',
      parentId,
      parent?.sequence ?? null,
      arrival,
      row.sequence,
    );
    const rootId = parent?.rootId ?? row.id;
    if (rootId !== row.rootId) for (const id of [row.rootId, rootId, row.id]) roots.add(id);
    const deeper = (parent ? parent.depth + 1 : 0) - row.depth;
    if (rootId !== row.rootId || deeper !== 0) {
      // What is beneath a session is found by the counts of children.
      if (!isLeaf) counts.write();
      yield* this.#replant(isLeaf ? row : sessions.storedRow(row.id)!, rootId, deeper);
    }
    const wasOrphan = row.parentSequence === null && row.parentId !== null;
    if (wasOrphan) quarantine.clearOf(row.id, 'orphan');
  }

  /** Sets the root and the depth of a session and of all beneath it, and the owner of their tree. */
  *#replant(top: SessionRow, rootId: string, deeper: number): Generator<unknown, void> {
    const sql =
      rootId === top.rootId
        ? 'UPDATE sessions SET depth = depth + ? WHERE seq = ?'
        : 'UPDATE sessions SET depth = depth + ?, root_id = ? WHERE seq = ?';
    const values = rootId === top.rootId ? [deeper] : [deeper, rootId];
    const { sessions } = this.#tables;
    const ownerId = rootId === top.id ? top.userId : (sessions.row(rootId)?.userId ?? null);
    // The former root can be gone, in a store whose files were changed by another program.
    const isOthers = rootId !== top.rootId && sessions.row(top.rootId)?.userId !== ownerId;
    this.#tables.connection.run(sql, ...values, top.sequence);
    if (isOthers) this.#setOwner(top.sequence, top.userId, ownerId);
    let level: readonly Parent[] = [top];
    while (level.length > 0) {
      const next: Parent[] = [];
      yield* eachChild(this.#tables, level, PARENT_COLUMNS, (child) => next.push(child));
      for (const { sequence } of next) {
        this.#tables.connection.run(sql, ...values, sequence);
        if (isOthers) this.#setOwner(sequence, sessions.rowAt(sequence)!.userId, ownerId);
        yield;
      }
      level = next;
    }
    // Later changes of the same record take places from the table.
    if (top.childCount > 0) this.#tables.sessions.forget();
  }

  #setOwner(sequence: number, userId: string | null, ownerId: string | null): void {
    this.#tables.sessionKeys.setOwner(sequence, ownerId);
    this.#tables.guests.setOwner(sequence, userId, ownerId);
  }

  #isAbove(top: number, seq: number): boolean {
    const sql = `WITH RECURSIVE above (seq) AS (
        SELECT ?1 UNION SELECT s.parent_seq FROM above a JOIN sessions s ON s.seq = a.seq WHERE s.parent_seq IS NOT NULL
      ) SELECT 1 FROM above WHERE seq = ?2`;
    return this.#tables.connection.flushed().get(sql, seq, top) !== undefined;
  }

  #bury(seq: number, place: number, tombstone: Tombstone): void {
    this.#writer.removeSession(tombstone.id);
    if (this.#tables.tombstones.add(seq, place, tombstone)) this.#noteAdded(seq);
    for (const operation of tombstone.operations ?? []) {
      const { id, caller = null, fingerprint, seq, ordinal = null, position = null } = operation;
      const at = Date.parse(operation.at);
      const answer = operation.answer ? JSON.stringify(operation.answer) : null;
      const sessionId = tombstone.id;
      this.#tables.operations.addLogged({
        id,
        caller,
        fingerprint,
        sessionId,
        seq,
        at,
        ordinal,
        position,
        answer,
      });
    }
  }
}

const SELECT_CHILD = 'SELECT 1 FROM sessions WHERE parent_seq = ? LIMIT 1';
const UPDATE_VERSION = 'UPDATE sessions SET version = ?, updated_at = ? WHERE seq = ?';
const UPDATE_ARCHIVAL = 'UPDATE sessions SET version = ?, updated_at = ?, archived_at = ? WHERE seq = ?';

/** Changes of child counts: written once per parent, however many of its children move. */
class ChildCounts {
  readonly #tables: IndexTables;
  readonly #changes = new Map<number, number>();

  constructor(tables: IndexTables) {
    this.#tables = tables;
  }

  add(parent: number, change: number): void {
    this.#changes.set(parent, (this.#changes.get(parent) ?? 0) + change);
  }

  has(parent: number): boolean {
    return this.#changes.has(parent);
  }

  /** Call after all children were counted. */
  forget(): void {
    this.#changes.clear();
  }

  write(): void {
    const sql = 'UPDATE sessions SET child_count = child_count + ? WHERE seq = ?';
    for (const [parent, change] of this.#changes)
      if (change !== 0) this.#tables.connection.run(sql, change, parent);
    this.forget();
  }
}
