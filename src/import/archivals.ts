import { ClientError, StorageError } from '../model/errors.ts';
import type { Fitter } from './fit.ts';
import { type ImportState, STATE_MEMBER, stateOf, storableState } from './import-state.ts';
import type { SessionReport } from './report.ts';
import type { StoredSession, Target } from './target/target.ts';

interface Archival {
  readonly archivedAt: Date;
  /** As it is in the metadata of the session, without `archiveAt`. */
  readonly state: ImportState;
}

/**
 * The sessions that are archived once all else is imported: an archived session takes no messages, and no new children. Until then the state
 * that the import keeps in the metadata of each says so, for a later import if this one ends early.
 */
export class Archivals {
  readonly #target: Target;
  readonly #fitter: Fitter;
  readonly #report: SessionReport;
  readonly #pending = new Map<string, Archival>();
  /** The ids of sessions that this import has unarchived. */
  readonly #suspended = new Set<string>();

  constructor(target: Target, fitter: Fitter, report: SessionReport) {
    this.#target = target;
    this.#fitter = fitter;
    this.#report = report;
  }

  /** Goes on with what an earlier import did not come to. */
  resume({ id, metadata }: StoredSession): void {
    const found = stateOf(metadata);
    if (!found?.archiveAt) return;
    const { archiveAt, ...state } = found;
    this.add(id, new Date(archiveAt), state);
  }

  /** Unarchives a session, until all else is imported. Does nothing if it is not archived, or if an import did not make it: nothing would remember it. */
  async suspend({ id, archivedAt, metadata }: StoredSession): Promise<void> {
    const found = stateOf(metadata);
    if (!archivedAt || !found || this.#suspended.has(id)) return;
    const { archiveAt: _, ...state } = found;
    await this.#write(id, { ...state, archiveAt: archivedAt.toISOString() });
    await this.#target.archive(id, null);
    this.#suspended.add(id);
    this.add(id, archivedAt, state);
  }

  /** The `archivedAt` of the pending archival; null if none is pending. */
  timeOf(id: string): Date | null {
    return this.#pending.get(id)?.archivedAt ?? null;
  }

  /** Archives a session once all else is imported. `state` is that in its metadata, without `archiveAt`. */
  add(id: string, archivedAt: Date, state: ImportState): void {
    this.#pending.set(id, { archivedAt, state });
  }

  /** The session is not to be archived, though it was. */
  async cancel({ id, archivedAt }: StoredSession): Promise<void> {
    this.#pending.delete(id);
    if (archivedAt) await this.#target.archive(id, null);
  }

  /** One task for each pending archival. A task adds a fault to the report if the store refuses the archival, and rejects if the store cannot write. */
  tasks(): (() => Promise<void>)[] {
    return [...this.#pending].map(
      ([id, archival]) =>
        () =>
          this.#archive(id, archival),
    );
  }

  async #archive(id: string, { archivedAt, state }: Archival): Promise<void> {
    try {
      await this.#target.archive(id, archivedAt);
      await this.#write(id, state);
    } catch (error) {
      if (!(error instanceof ClientError) || error instanceof StorageError) throw error;
      const reason = `session "${id}" is not archived: ${error.message}`;
      this.#report.faults.push({ type: 'fault', path: state.path, line: null, reason });
    }
  }

  async #write(sessionId: string, state: ImportState): Promise<void> {
    await this.#target.update({
      sessionId,
      setMetadata: { [STATE_MEMBER]: storableState(state, this.#fitter) },
    });
  }
}
