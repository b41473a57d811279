import type { Tombstone } from '../format/store-record.ts';
import type { IndexConnection } from './connection.ts';
import { idsInSteps, type Steps } from './steps.ts';

/** The tombstone of a deleted session. */
export interface TombstoneRow {
  readonly id: string;
  readonly parentId: string | null;
  readonly arrival: number;
  /** The user of the root of its tree; null if that was nobody, or if the log does not have it. */
  readonly ownerId: string | null;
  /** The last state of the session, as JSON; null if the log does not have it. */
  readonly last: string | null;
}

/** The sessions that were deleted. Its rows are never pending. */
export class TombstonesTable {
  readonly #db: IndexConnection;

  constructor(db: IndexConnection) {
    this.#db = db;
  }

  /** Adds the `place`th session of the deletion with sequence number `seq`. Returns false if the table already has it. */
  add(seq: number, place: number, { id, parentId, arrival, ownerId, last }: Tombstone): boolean {
    const row = [
      id,
      seq,
      place,
      parentId ?? null,
      arrival,
      ownerId ?? null,
      last ? JSON.stringify(last) : null,
    ];
    // A start applies the whole log again.
    if (!this.#db.filling && this.#db.written.get(SELECT_SAME, ...row) !== undefined) return false;
    this.#db.run('INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?, ?, ?)', ...row);
    return true;
  }

  get(id: string): TombstoneRow | undefined {
    return this.#db.written.get(
      'SELECT id, parent_id AS parentId, arrival, owner_id AS ownerId, last FROM tombstones WHERE id = ?',
      id,
    );
  }

  isEmpty(): boolean {
    return this.#db.written.get('SELECT 1 FROM tombstones LIMIT 1') === undefined;
  }

  /** The ids that the deletion with this sequence number removed, in the order of its record. */
  deletedBy(seq: number): Steps<string[]> {
    const sql = 'SELECT id, place FROM tombstones WHERE deleted_seq = ? AND place > ? ORDER BY place LIMIT ?';
    return idsInSteps((after, limit) => this.#db.written.all(sql, seq, after, limit));
  }

  /** The ids that deletions after this sequence number removed. */
  deletedAfter(seq: number): string[] {
    return this.#db.written.column('SELECT id FROM tombstones WHERE deleted_seq > ?', seq);
  }

  /** The sequence number of the latest deletion; 0 if there is none. */
  lastSeq(): number {
    return this.#db.written.get<{ seq: number }>(
      'SELECT coalesce(max(deleted_seq), 0) AS seq FROM tombstones',
    )!.seq;
  }
}

const SELECT_SAME = `SELECT 1 FROM tombstones WHERE id = ? AND deleted_seq = ? AND place = ? AND parent_id IS ? AND arrival = ?
  AND owner_id IS ? AND last IS ?`;
