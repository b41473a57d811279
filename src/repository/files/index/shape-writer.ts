import type { ShapeRecord, Tombstone } from '../record.ts';
import type { IndexDatabase } from './database.ts';
import { type SessionRow, stateOf } from './session-row.ts';
import { changesIn, changesSince, placed } from './shape-changes.ts';
import { IndexWriter } from './writer.ts';

/** What the store's log does to the index: moves, (un)archivals and deletions. The caller brings the transaction. */
export class ShapeWriter {
  readonly #db: IndexDatabase;
  readonly #writer: IndexWriter;

  constructor(db: IndexDatabase) {
    this.#db = db;
    this.#writer = new IndexWriter(db);
  }

  /** A committed change of the shape of the trees. What it deletes goes; ids and operations stay. */
  apply(record: ShapeRecord): void {
    for (const _ of this.steps(record));
  }

  /** The same, a session at each step. */
  *steps(record: ShapeRecord): Generator<void, void> {
    for (const [place, change] of changesIn(record).entries()) {
      this.#db.run(
        'INSERT OR REPLACE INTO shape_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        change.id,
        record.seq,
        place,
        change.version,
        change.moved,
        change.parent_id,
        change.arrival,
        change.archived_at,
      );
      this.#db.anyShapeChanges = true;
      this.#place(change.id);
      yield;
    }
    if (record.op === 'delete') {
      for (const [place, tombstone] of record.sessions.entries()) {
        this.#bury(record.seq, place, tombstone);
        yield;
      }
    }
    if (record.operation) {
      const sessionId = record.op === 'delete' ? record.sessions[0]!.id : record.id;
      const { seq, operation } = record;
      const at = Date.parse(record.at);
      this.#db.operations.addLogged({ ...operation, sessionId, seq, at, ordinal: null, position: null });
    }
  }

  /** Brings a session to where the log says that it is. Said twice, it changes nothing. */
  #place(id: string): void {
    const row = this.#db.get<SessionRow>('SELECT * FROM sessions WHERE id = ?', id);
    if (!row) return;
    const { parentId, arrival, archivedAt, version } = placed(
      stateOf(row),
      changesSince(this.#db, id, row.seq),
    );
    this.#db.run('UPDATE sessions SET version = ? WHERE seq = ?', version, row.seq);
    if (archivedAt !== row.archived_at)
      this.#db.run('UPDATE sessions SET archived_at = ? WHERE seq = ?', archivedAt, row.seq);
    if (arrival !== row.arrival) this.#move(row, parentId, arrival);
    this.#db.recent.clear();
  }

  #move(row: SessionRow, parentId: string | null, arrival: number): void {
    const parent = parentId === null ? undefined : this.#db.sessions.place(parentId);
    const addToChildren = 'UPDATE sessions SET child_count = child_count + ? WHERE seq = ?';
    if (row.parent_seq !== null) this.#db.run(addToChildren, -1, row.parent_seq);
    if (parent) this.#db.run(addToChildren, 1, parent.seq);
    this.#db.run(
      'UPDATE sessions SET parent_id = ?, parent_seq = ?, arrival = ? WHERE seq = ?',
      parentId,
      parent?.seq ?? null,
      arrival,
      row.seq,
    );
    this.#db.run(
      `UPDATE sessions SET root_id = ?2, depth = depth + ?3 WHERE seq IN (
         WITH RECURSIVE moved (seq) AS (
           SELECT ?1 UNION ALL SELECT c.seq FROM moved m JOIN sessions c ON c.parent_seq = m.seq
         ) SELECT seq FROM moved)`,
      row.seq,
      parent?.root_id ?? row.id,
      (parent ? parent.depth + 1 : 0) - row.depth,
    );
    this.#db.run("DELETE FROM quarantine WHERE kind = 'orphan' AND session_id = ?", row.id);
  }

  #bury(seq: number, place: number, tombstone: Tombstone): void {
    this.#writer.removeSession(tombstone.id);
    this.#db.run(
      'INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?, ?, ?, ?)',
      tombstone.id,
      seq,
      place,
      tombstone.parentId ?? null,
      tombstone.arrival,
      tombstone.last ? JSON.stringify(tombstone.last) : null,
    );
    for (const operation of tombstone.operations ?? []) {
      const { ordinal = null, position = null } = operation;
      const at = Date.parse(operation.at);
      this.#db.operations.addLogged({ ...operation, at, sessionId: tombstone.id, ordinal, position });
    }
  }
}
