import { SHARDS, sessionPath } from '../layout.ts';
import type { Effects, SessionState } from '../session-state.ts';
import type { IndexDatabase } from './database.ts';
import { metadataTerms } from './metadata-terms.ts';
import type { SessionRow } from './session-row.ts';
import { changesSince, placed } from './shape-changes.ts';

/**
 * Something that could not be read: a whole file, a part of a session's, a session's parent, a part of the log.
 * `path` is relative to the data directory; `line` where it is one line.
 */
export interface Fault {
  readonly kind: 'file' | 'damage' | 'orphan' | 'log';
  readonly path: string;
  readonly line: number | null;
  readonly sessionId: string | null;
  readonly reason: string;
}

/** Every change of the index but those that the store's log makes. The caller brings the transaction. */
export class IndexWriter {
  readonly #db: IndexDatabase;

  constructor(db: IndexDatabase) {
    this.#db = db;
  }

  /**
   * A session that was not there; `mtime` is its file's, and `terms` are those of its metadata. Its place is worked out from its
   * parent; where sessions come in another order than parents first, a relink is due.
   */
  insertSession(
    own: SessionState,
    mtime: number,
    terms: readonly number[] = metadataTerms(own.metadata),
  ): void {
    const state = placed(own, changesSince(this.#db, own.id, own.sequence));
    this.#db.sessions.add(state, mtime);
    this.#db.terms.add(state.sequence, terms);
    if (state.parentId !== null) this.#db.recent.addChild(state.parentId);
  }

  /** To be called after session `id` came in by itself: some may have been waiting for it, whose parent was lost. */
  linkOrphansOf(id: string): void {
    const sql = 'SELECT 1 FROM sessions WHERE parent_id = ? AND parent_seq IS NULL LIMIT 1';
    // None of these waits.
    if (this.#db.getWritten(sql, id)) this.relink();
  }

  /** Counts a session's children anew: for one that was taken out and put back. */
  countChildren(id: string): void {
    this.#db.run(
      `UPDATE sessions SET child_count = (SELECT count(*) FROM sessions c WHERE c.parent_seq = sessions.seq)
         WHERE id = ?`,
      id,
    );
    this.#db.recent.clear();
  }

  /** `before` is the metadata that the index has of it. */
  updateSession(state: SessionState, mtime: number, before: string): void {
    if (state.metadata !== before) {
      this.#db.terms.remove(state.sequence, metadataTerms(before));
      this.#db.terms.add(state.sequence, metadataTerms(state.metadata));
    }
    this.#db.sessions.update(state, mtime);
  }

  /** The messages and the operation of one line. */
  addEffects(sequence: number, { seq, truncatedTo, messages, operation }: Effects): void {
    if (truncatedTo !== null) this.#db.messages.drop(sequence, truncatedTo, seq);
    this.#db.messages.add(sequence, messages);
    if (operation) this.#db.operations.add(operation);
  }

  /** All that the index holds of a session's file. */
  removeSession(id: string): void {
    const row = this.#db.get<Pick<SessionRow, 'seq' | 'metadata'>>(
      'SELECT seq, metadata FROM sessions WHERE id = ?',
      id,
    );
    if (row) {
      this.#db.terms.remove(row.seq, metadataTerms(row.metadata));
      this.#db.run('DELETE FROM sessions WHERE seq = ?', row.seq);
      this.#db.recent.clear();
      this.removeEffects(row.seq, id);
    }
    this.#db.run('DELETE FROM quarantine WHERE session_id = ?', id);
  }

  /** Forgets what could not be read in these folders, all but sessions: a scan of the folders finds it again. */
  clearFileFaults(shards: readonly string[]): void {
    if (shards.length === SHARDS.length) this.clearFaults('file');
    for (const shard of shards) {
      this.#db.run("DELETE FROM quarantine WHERE kind = 'file' AND path GLOB ?", `sessions/${shard}/*`);
    }
  }

  /** The messages and the operations of session `id`, which has or had the number `sequence`. */
  removeEffects(sequence: number, id: string): void {
    this.#db.messages.remove(sequence);
    this.#db.run('DELETE FROM operations WHERE session_id = ? AND NOT logged', id);
  }

  clearFaults(kind: Fault['kind']): void {
    this.#db.run('DELETE FROM quarantine WHERE kind = ?', kind);
  }

  /** Works out anew what depends on the shape of the trees, and which sessions' parents cannot be read. */
  relink(): void {
    this.#db.relink();
    this.clearFaults('orphan');
    const orphans = this.#db.all<{ id: string; parent_id: string }>(
      'SELECT id, parent_id FROM sessions WHERE parent_seq IS NULL AND parent_id IS NOT NULL ORDER BY seq',
    );
    for (const { id, parent_id } of orphans) {
      const reason = `its parent "${parent_id}" cannot be read: it is served as a root`;
      this.addFault({ kind: 'orphan', path: sessionPath(id), line: null, sessionId: id, reason });
    }
  }

  addFault(fault: Fault): void {
    this.#db.run(
      'INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)',
      fault.kind,
      fault.path,
      fault.line,
      fault.sessionId,
      fault.reason,
      Date.now(),
    );
  }
}
