import type { Effects, SessionState } from '../../records/session-state.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import { SHARDS, sessionPath } from '../format/layout.ts';
import type { IndexDatabase } from './database.ts';
import { metadataTerms } from './metadata-terms.ts';
import type { Fault } from './quarantine-table.ts';
import type { IndexTables } from './tables.ts';
import { placed } from './tree-changes.ts';

/** Makes every change of the index except those of the store's log. The caller opens the transaction. */
export class IndexWriter {
  readonly #tables: IndexTables;
  readonly #clock: StoreClock;

  /** `clock` gives the time of a new fault. */
  constructor(db: IndexDatabase, clock: StoreClock) {
    this.#tables = db.tables;
    this.#clock = clock;
  }

  /**
   * Adds a new session. `mtime` is its file's, in milliseconds, and `terms` are those of its metadata. The session
   * takes its place from its parent: if sessions are added before their parents, call `relink` afterwards.
   */
  insertSession(
    own: SessionState,
    mtime: number,
    terms: readonly number[] = metadataTerms(own.metadata),
  ): void {
    const state = placed(own, this.#tables.treeChanges.since(own.id, own.sequence));
    const { rootId } = this.#tables.sessions.add(state, mtime);
    const ownerId = this.#ownerOfNew(state, rootId);
    if (state.key !== null) this.#tables.sessionKeys.add(state.sequence, state.key, ownerId);
    this.#tables.guests.add(state.sequence, state.userId, ownerId);
    this.#tables.terms.add(state.sequence, terms);
  }

  #ownerOfNew({ id, userId }: SessionState, rootId: string): string | null {
    const { sessions, connection } = this.#tables;
    // The owners of an index that is being filled are set at its end, when all roots are known.
    const isRoot = rootId === id || connection.filling;
    return isRoot ? userId : (sessions.row(rootId)?.userId ?? null);
  }

  /** Call after the session `id` alone was added: it may be the missing parent of orphans. */
  linkOrphansOf(id: string): void {
    const sql = 'SELECT 1 FROM sessions WHERE parent_id = ? AND parent_seq IS NULL LIMIT 1';
    // An orphan's row is never pending.
    if (this.#tables.connection.written.get(sql, id)) this.relink();
  }

  /** Recounts a session's children, and the latest activity in its tree: for a session that was removed and added again. */
  countAgain(id: string): void {
    this.#tables.connection.run(
      `UPDATE sessions SET child_count = (SELECT count(*) FROM sessions c WHERE c.parent_seq = sessions.seq)
         WHERE id = ?`,
      id,
    );
    const place = this.#tables.sessions.place(id);
    if (place) this.#tables.sessions.renewTreeTime(place.rootId);
    this.#tables.sessions.forget();
  }

  /** `before` is the session in the index. */
  updateSession(state: SessionState, mtime: number, before: Pick<SessionState, 'metadata' | 'key'>): void {
    if (state.key !== before.key) {
      if (before.key !== null) this.#tables.sessionKeys.remove(state.sequence);
      if (state.key !== null) {
        const { rootId } = this.#tables.sessions.place(state.id)!;
        this.#tables.sessionKeys.add(state.sequence, state.key, this.#ownerOfNew(state, rootId));
      }
    }
    if (state.metadata !== before.metadata) {
      this.#tables.terms.remove(state.sequence, metadataTerms(before.metadata));
      this.#tables.terms.add(state.sequence, metadataTerms(state.metadata));
    }
    this.#tables.sessions.update(state, mtime);
  }

  /** Adds the messages, the usage and the operation of one line. */
  addEffects(sequence: number, effects: Effects): void {
    const { messages, messageKeys, toolResults, usage, operations } = this.#tables;
    if (effects.truncatedTo !== null) {
      const kept = messages.drop(sequence, effects.truncatedTo, effects.seq);
      toolResults.remove(sequence, kept);
    }
    if (effects.isReplacing) {
      messages.replace(sequence, effects.messages, effects.seq);
      toolResults.replace(sequence, effects.messages, effects.toolResults);
    } else {
      messages.add(sequence, effects.messages, effects.seq);
      toolResults.add(sequence, effects.toolResults);
    }
    if (effects.redacted) messages.redact(sequence, effects.redacted, effects.seq);
    messages.takeOver(sequence, effects.takenOver);
    messageKeys.add(sequence, effects.keys);
    if (effects.isPaidAnew) usage.remove(sequence);
    usage.add(sequence, effects.paid);
    if (effects.operation) operations.add(effects.operation);
  }

  /** Removes the keys of messages that were dropped for good. */
  removeKeys(sequence: number, ordinals: readonly number[]): void {
    this.#tables.messageKeys.removeSome(sequence, ordinals);
  }

  /** Call after the effects of a file with damaged lines were added. */
  removeOverlapped(sequence: number): void {
    this.#tables.messages.removeOverlapped(sequence);
  }

  /** Removes all rows of a session's file. */
  removeSession(id: string): void {
    const row = this.#tables.sessions.storedRow(id);
    if (row) {
      this.#tables.terms.remove(row.sequence, metadataTerms(row.metadata));
      if (row.key !== null) this.#tables.sessionKeys.remove(row.sequence);
      this.#tables.guests.remove(row.sequence);
      this.#tables.connection.run('DELETE FROM sessions WHERE seq = ?', row.sequence);
      this.#tables.sessions.forget();
      this.removeEffects(row.sequence, id);
    }
    this.#tables.quarantine.clearOf(id);
  }

  /** Clears the faults of files in these folders: a scan of the folders finds the faults again. */
  clearFileFaults(shards: readonly string[]): void {
    if (shards.length === SHARDS.length) this.clearFaults('file');
    else for (const shard of shards) this.#tables.quarantine.clearShard(shard);
  }

  /** Removes the messages and the operations of session `id`, which has or had the number `sequence`. */
  removeEffects(sequence: number, id: string): void {
    this.#tables.messages.remove(sequence);
    this.#tables.messageKeys.remove(sequence);
    this.#tables.usage.remove(sequence);
    this.#tables.toolResults.remove(sequence);
    this.#tables.connection.run('DELETE FROM operations WHERE session_id = ? AND NOT logged', id);
  }

  clearFaults(kind: Fault['kind']): void {
    this.#tables.quarantine.clear(kind);
  }

  /** Recomputes the places and child counts of all sessions, and the orphans. */
  relink(): void {
    this.#tables.relink();
    this.clearFaults('orphan');
    for (const { id, parentId } of this.#tables.sessions.orphans()) {
      const reason = `its parent "${parentId}" cannot be read: it is served as a root`;
      this.addFault({ kind: 'orphan', path: sessionPath(id), line: null, sessionId: id, reason });
    }
  }

  addFault(fault: Fault): void {
    this.#tables.quarantine.add(fault, this.#clock.now());
  }
}
