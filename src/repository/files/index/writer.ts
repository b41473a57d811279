import type { JsonObject } from '../../../model/json.ts';
import { MESSAGE_ROLES } from '../../../model/message.ts';
import { SHARDS, sessionPath } from '../layout.ts';
import type { DeleteRecord, Tombstone } from '../record.ts';
import type { Applied, AppliedOperation, MessageLocation, SessionState } from '../session-state.ts';
import type { IndexDatabase } from './database.ts';
import { metadataTerms } from './metadata-terms.ts';
import type { SessionRow } from './session-row.ts';

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

/** Every change of the index. The caller brings the transaction. */
export class IndexWriter {
  readonly #db: IndexDatabase;

  constructor(db: IndexDatabase) {
    this.#db = db;
  }

  /**
   * A session that was not there; `mtime` is its file's. Its place is worked out from its parent; where sessions come in
   * another order than parents first, a relink is due.
   */
  insertSession(state: SessionState, mtime: number): void {
    const parent =
      state.parentId === null
        ? undefined
        : this.#db.get<Pick<SessionRow, 'seq' | 'root_id' | 'depth'>>(
            'SELECT seq, root_id, depth FROM sessions WHERE id = ?',
            state.parentId,
          );
    this.#db.run(
      'INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      state.sequence,
      state.id,
      state.parentId,
      parent?.seq ?? null,
      state.arrival,
      parent?.root_id ?? state.id,
      parent ? parent.depth + 1 : 0,
      state.userId,
      state.title,
      state.createdAt,
      state.lastActiveAt,
      state.messageCount,
      state.historyLength,
      state.nextOrdinal,
      state.version,
      state.lastSeq,
      state.size,
      mtime,
      state.metadata,
    );
    this.#addTerms(state.sequence, termsOf(state.metadata));
    this.#db.recent.clear();
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
      this.#removeTerms(state.sequence, termsOf(before));
      this.#addTerms(state.sequence, termsOf(state.metadata));
    }
    this.#db.run(
      `UPDATE sessions SET title = ?, last_active_at = ?, message_count = ?, history_length = ?,
         next_ordinal = ?, version = ?, last_seq = ?, size = ?, mtime = ?, metadata = ? WHERE seq = ?`,
      state.title,
      state.lastActiveAt,
      state.messageCount,
      state.historyLength,
      state.nextOrdinal,
      state.version,
      state.lastSeq,
      state.size,
      mtime,
      state.metadata,
      state.sequence,
    );
    this.#db.recent.change(state.id, {
      title: state.title,
      last_active_at: state.lastActiveAt,
      message_count: state.messageCount,
      history_length: state.historyLength,
      next_ordinal: state.nextOrdinal,
      version: state.version,
      last_seq: state.lastSeq,
      size: state.size,
      mtime,
      metadata: state.metadata,
    });
  }

  #addTerms(seq: number, terms: readonly number[]): void {
    const table = this.#db.filling ? 'loose_terms' : 'metadata_terms';
    for (const term of terms) this.#db.run(`INSERT INTO ${table} VALUES (?, ?)`, term, seq);
  }

  #removeTerms(seq: number, terms: readonly number[]): void {
    for (const term of terms)
      this.#db.run('DELETE FROM metadata_terms WHERE term = ? AND seq = ?', term, seq);
  }

  /** The messages and the operation of one line. */
  addEffects(sequence: number, { messages, operation }: Omit<Applied, 'state'>): void {
    // Several rows at once take half the time of as many by themselves.
    let added = 0;
    for (const [batch, sql] of INSERT_MESSAGES) {
      for (; messages.length - added >= batch; added += batch) {
        const rows = messages.slice(added, added + batch).flatMap((message) => messageRow(sequence, message));
        this.#db.run(sql, ...rows);
      }
    }
    if (operation) this.#addOperation(operation);
  }

  #addOperation(operation: AppliedOperation): void {
    this.#db.run(
      'INSERT OR REPLACE INTO operations VALUES (?, ?, ?, ?, ?, ?, ?)',
      operation.id,
      operation.fingerprint,
      operation.sessionId,
      operation.seq,
      operation.at,
      operation.ordinal,
      operation.position,
    );
  }

  /** A committed deletion: its sessions go, their ids and operations stay. */
  applyDeletion(record: DeleteRecord): void {
    for (const _ of this.deletionSteps(record));
  }

  /** The same, a session at each step. */
  *deletionSteps(record: DeleteRecord): Generator<void, void> {
    for (const [place, tombstone] of record.sessions.entries()) {
      this.#bury(record.seq, place, tombstone);
      yield;
    }
    if (record.operation) {
      this.#addOperation({
        ...record.operation,
        sessionId: record.sessions[0]!.id,
        seq: record.seq,
        at: record.at,
        ordinal: null,
        position: null,
      });
    }
  }

  #bury(seq: number, place: number, tombstone: Tombstone): void {
    this.removeSession(tombstone.id);
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
      this.#addOperation({
        ...operation,
        sessionId: tombstone.id,
        ordinal: operation.ordinal ?? null,
        position: operation.position ?? null,
      });
    }
  }

  /** All that the index holds of a session's file. */
  removeSession(id: string): void {
    const row = this.#db.get<Pick<SessionRow, 'seq' | 'metadata'>>(
      'SELECT seq, metadata FROM sessions WHERE id = ?',
      id,
    );
    if (row) {
      this.#removeTerms(row.seq, termsOf(row.metadata));
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
    this.#db.run('DELETE FROM messages WHERE session = ?', sequence);
    this.#db.run('DELETE FROM operations WHERE session_id = ?', id);
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

const INSERT_MESSAGES = new Map(
  [64, 2, 1].map((rows) => [
    rows,
    `INSERT INTO messages VALUES ${Array(rows).fill('(?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
  ]),
);

function messageRow(sequence: number, message: MessageLocation): number[] {
  const { ordinal, position, role, offset, length, bytes } = message;
  return [sequence, ordinal, position, MESSAGE_ROLES.indexOf(role), offset, length, bytes];
}

function termsOf(metadata: string): number[] {
  return metadata === '{}' ? [] : metadataTerms(JSON.parse(metadata) as JsonObject);
}
