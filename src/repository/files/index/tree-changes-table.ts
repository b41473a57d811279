import type { IndexConnection } from './connection.ts';
import { idsInSteps, type Steps } from './steps.ts';
import type { TreeChange } from './tree-changes.ts';

const NONE: ReadonlySet<number> = new Set();

/** Changes of sessions that are recorded in the store's log instead of their files. Its rows are never pending. */
export class TreeChangesTable {
  readonly #db: IndexConnection;
  /** False only if the table is empty: then no session needs a query. */
  #mayHaveRows = true;

  constructor(db: IndexConnection) {
    this.#db = db;
  }

  /** Call once for an index that no other connection writes to. */
  lookIfEmpty(): void {
    this.#mayHaveRows = this.#db.written.get('SELECT 1 FROM tree_changes LIMIT 1') !== undefined;
  }

  /** Call after another connection may have added rows. */
  changedElsewhere(): void {
    this.#mayHaveRows = true;
  }

  /**
   * Adds the change of one session, the `place`th in the record with sequence number `seq`. Returns false if the
   * table already has it.
   */
  add(seq: number, place: number, change: TreeChange): boolean {
    const { id, version, moved, parentId, formerParentId, arrival, archivedAt, at } = change;
    const row = [id, seq, place, version, moved, parentId, formerParentId, arrival, archivedAt, at];
    if (this.#mayHaveRows && this.#db.written.get(SELECT_SAME, ...row) !== undefined) return false;
    this.#db.run('INSERT OR REPLACE INTO tree_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', ...row);
    this.#mayHaveRows = true;
    return true;
  }

  /** Adds all changes of the session `id` that `other` has. */
  copy(other: TreeChangesTable, id: string): void {
    for (const change of other.since(id, 0)) this.add(change.seq, change.place, change);
  }

  /** The log's changes of a session after the mutation with sequence number `seq`, in the log's order. */
  since(id: string, seq: number): TreeChangeRow[] {
    if (!this.#mayHaveRows) return [];
    return this.#db.written.all(SELECT_SINCE, id, seq);
  }

  /** The versions of the session that come from the store's log: its file has no line for them. */
  versionsOf(id: string): ReadonlySet<number> {
    if (!this.#mayHaveRows) return NONE;
    return new Set(this.since(id, 0).map(({ version }) => version));
  }

  /** The sessions that the record with this sequence number lists, in the order of the record. */
  changedBy(seq: number): Steps<string[]> {
    const sql = 'SELECT id, place FROM tree_changes WHERE seq = ? AND place > ? ORDER BY place LIMIT ?';
    return idsInSteps((after, limit) => this.#db.written.all(sql, seq, after, limit));
  }

  /** The parent that a session had before the move with this sequence number; null for a root. */
  formerParent(id: string, seq: number): string | null {
    const sql = 'SELECT former_parent_id AS parentId FROM tree_changes WHERE id = ? AND seq = ?';
    return this.#db.written.get<{ parentId: string | null }>(sql, id, seq)?.parentId ?? null;
  }

  /** True if the record with this sequence number is a move of the session. A deletion can have moved it, too. */
  isMove(id: string, seq: number): boolean {
    const sql = 'SELECT 1 FROM tree_changes WHERE id = ? AND seq = ? AND moved = 1';
    return this.#db.written.get(sql, id, seq) !== undefined;
  }

  /** True if a record after this sequence number archived or unarchived the session. */
  isArchivalSince(id: string, seq: number): boolean {
    if (!this.#mayHaveRows) return false;
    const sql = 'SELECT 1 FROM tree_changes WHERE id = ? AND seq > ? AND moved = 0 LIMIT 1';
    return this.#db.written.get(sql, id, seq) !== undefined;
  }

  /** The sessions that records after this sequence number changed. */
  changedAfter(seq: number): string[] {
    return this.#db.written.column('SELECT DISTINCT id FROM tree_changes WHERE seq > ?', seq);
  }

  /** The sequence number of the latest record; 0 if there is none. */
  lastSeq(): number {
    return this.#db.written.get<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM tree_changes')!
      .seq;
  }
}

const SELECT_SAME = `SELECT 1 FROM tree_changes WHERE id = ? AND seq = ? AND place = ? AND version = ? AND moved = ?
  AND parent_id IS ? AND former_parent_id IS ? AND arrival IS ? AND archived_at IS ? AND at = ?`;

const SELECT_SINCE = `SELECT id, seq, place, version, moved, parent_id AS parentId,
    former_parent_id AS formerParentId, arrival, archived_at AS archivedAt, at
  FROM tree_changes WHERE id = ? AND seq > ? ORDER BY seq`;

interface TreeChangeRow extends TreeChange {
  readonly seq: number;
  readonly place: number;
}
