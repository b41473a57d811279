import { ClientError } from '../../../model/errors.ts';
import type { Operation } from '../../../model/operation.ts';
import type { Session } from '../../../model/session.ts';
import { refuseMissing, refuseOtherVersion } from '../../plans/preconditions.ts';
import type { Stamp } from '../../records/mutation-records.ts';
import { type SessionRecord, stampOf } from '../../records/record.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import type { Committer } from '../commit/committer.ts';
import { WriteQueues } from '../commit/write-queues.ts';
import type { HandlePool } from '../disk/handle-pool.ts';
import { isUnchanged, isUntouched, type KnownFile } from '../disk/known-file.ts';
import { storageError } from '../disk/storage-error.ts';
import type { Tail } from '../durable/cut-back.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { type Written, writtenAt } from '../format/encode-mutation.ts';
import { absoluteSessionPath, type Layout } from '../format/layout.ts';
import type { IndexReader } from '../index/reader.ts';
import { type SessionRow, stateOf, type WholeRow } from '../index/session-row.ts';
import type { IndexWriter } from '../index/writer.ts';
import type { ExternalChanges } from '../recovery/external-changes.ts';

/** A mutation that appends to one session's file. */
export interface SessionMutation<T> {
  readonly expectedVersion: number | null | undefined;
  readonly operation: Operation | undefined;
  /** True if the mutation reads the index, and therefore cannot share a write with earlier mutations. */
  readonly alone?: boolean;
  /** Reads what the mutation depends on, before its turn to write: the history stays as it is until then. Only if `alone`. */
  readonly prepare?: () => Promise<void>;
  /** The records to append to a session in `state`, or none. Throws a ClientError to refuse the mutation. */
  readonly records: (stamp: Stamp, state: SessionState) => SessionRecord[];
  readonly answer: (session: Session, written: Written, at: Date) => T;
}

interface Job extends SessionMutation<void> {
  readonly failed: (error: unknown) => void;
}

/** A job with its sequence number and encoded lines. */
interface Staged {
  readonly job: Job;
  readonly seq: number;
  readonly before: SessionState;
  readonly at: Date;
  readonly written: Written;
}

export interface SessionWritesParts {
  readonly layout: Layout;
  readonly index: IndexReader;
  readonly writer: IndexWriter;
  readonly files: DurableFiles;
  readonly handles: HandlePool;
  readonly committer: Committer;
  readonly external: ExternalChanges;
  readonly clock: StoreClock;
  /** Called with the `sequence` of a session whose history has changed, before the mutation is answered. */
  readonly historyChanged: (sequence: number) => void;
}

/** Appends mutations to session files: in order within a session, concurrently across sessions. */
export class SessionWrites {
  readonly #parts: SessionWritesParts;
  readonly #queues = new WriteQueues<Job>((id, jobs) => this.#write(id, jobs));

  constructor(parts: SessionWritesParts) {
    this.#parts = parts;
  }

  submit<T>(id: string, mutation: SessionMutation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = (session: Session, written: Written, at: Date) =>
        resolve(mutation.answer(session, written, at));
      this.#queues.submit(id, { ...mutation, answer, failed: reject });
    });
  }

  /** As `submit`, for whoever holds the session's queue: the mutation is written at once. */
  submitHeld<T>(id: string, mutation: SessionMutation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = (session: Session, written: Written, at: Date) =>
        resolve(mutation.answer(session, written, at));
      void this.#writeTogether(id, [{ ...mutation, answer, failed: reject }]);
    });
  }

  /**
   * The session, once its file is as the index has it. Call while the session's queue is held. Rejects with a SessionNotFoundError or a
   * StorageError.
   */
  async settled(id: string): Promise<WholeRow> {
    const { layout, index, committer } = this.#parts;
    const path = absoluteSessionPath(layout.root, id);
    try {
      let row = index.row(id);
      committer.check();
      if (row && !this.#isUntouched(path, row)) row = await this.#lookAgain(id, { path, ...row });
      refuseMissing(id, row);
      return index.whole(row);
    } catch (error) {
      throw error instanceof ClientError ? error : storageError(error);
    }
  }

  /** Waits for the running writes of these sessions, and holds later ones until the returned function is called. */
  hold(ids: readonly string[]): Promise<() => void> {
    return this.#queues.hold(ids);
  }

  /** Writes the pending jobs of a session. Settles each job, and never rejects. */
  async #write(id: string, jobs: readonly Job[]): Promise<void> {
    for (let from = 0; from < jobs.length; ) {
      const next = jobs.findIndex((job, n) => n > from && (job.alone || jobs[from]!.alone));
      const to = next === -1 ? jobs.length : next;
      await this.#writeTogether(id, jobs.slice(from, to));
      from = to;
    }
  }

  /** Writes all `jobs` with one write and one sync. */
  async #writeTogether(id: string, jobs: readonly Job[]): Promise<void> {
    const { layout, index, files, committer } = this.#parts;
    const path = absoluteSessionPath(layout.root, id);
    let whole: WholeRow;
    try {
      whole = await this.settled(id);
    } catch (error) {
      for (const job of jobs) job.failed(error);
      return;
    }
    const [{ prepare }] = jobs as [Job];
    if (prepare) {
      try {
        await prepare();
        // The session may have been moved or archived meanwhile.
        const row = index.row(id);
        refuseMissing(id, row);
        whole = index.whole(row);
      } catch (error) {
        jobs[0]!.failed(error);
        return;
      }
    }
    const staged = this.#stage(stateOf(whole), jobs);
    if (staged.length === 0) return;
    let mtime: number;
    try {
      mtime = await files.append(
        { path, size: whole.size },
        staged.length === 1
          ? staged[0]!.written.bytes
          : Buffer.concat(staged.map(({ written }) => written.bytes)),
      );
    } catch (error) {
      for (const { job, seq } of staged) {
        committer.giveUp(seq);
        job.failed(error);
      }
      return;
    }
    const refused: { readonly job: Job; readonly error: unknown }[] = [];
    let { size } = whole;
    const applied = staged.map(async (one) => {
      try {
        const session = await this.#apply(one, mtime);
        size = one.written.state.size;
        this.#parts.historyChanged(session.sequence);
        one.job.answer(session, one.written, one.at);
      } catch (error) {
        refused.push({ job: one.job, error });
      }
    });
    await Promise.all(applied);
    if (refused.length === 0) return;
    // No client was answered for what stands past `size`. `size` is not read from the index, which may still be failing.
    await files.undo({ path, size });
    for (const { job, error } of refused) job.failed(error);
  }

  /** Checked before each write: an append to a file that was replaced behind its open handle would be lost. */
  #isUntouched(path: string, row: SessionRow): boolean {
    const { files, handles } = this.#parts;
    const descriptor = handles.descriptor(path);
    return descriptor !== null && isUntouched(descriptor, row) && !files.isInDoubt(path);
  }

  /** After a failed write, or a change by another program, reopens the file and reads it before anything is appended. */
  async #lookAgain(id: string, tail: Tail & KnownFile): Promise<SessionRow | undefined> {
    const { index, files, external } = this.#parts;
    if (!files.isInDoubt(tail.path) && (await files.isAsKnown(tail.path, tail))) return index.row(id);
    await files.settle(tail);
    const row = index.row(id);
    if (row && !isUnchanged(tail.path, row)) await external.rereadToWrite(id);
    return index.row(id);
  }

  #stage(start: SessionState, jobs: readonly Job[]): Staged[] {
    const { committer, clock } = this.#parts;
    const staged: Staged[] = [];
    let state = start;
    for (const job of jobs) {
      let seq: number | undefined;
      try {
        refuseOtherVersion(state, job.expectedVersion);
        seq = committer.begin();
        const at = clock.now();
        const records = job.records(stampOf(seq, at, job.operation), state);
        const written = writtenAt(state.size, records, state);
        if (records.length === 0) {
          committer.giveUp(seq);
          job.answer(this.#parts.index.session(state.id)!, written, at);
          continue;
        }
        staged.push({ job, seq, before: state, at, written });
        state = written.state;
      } catch (error) {
        if (seq !== undefined) committer.giveUp(seq);
        job.failed(error);
      }
    }
    return staged;
  }

  #apply({ seq, before, written }: Staged, mtime: number): Promise<Session> {
    const { index, writer, committer } = this.#parts;
    const change = () => {
      writer.updateSession(written.state, mtime, before);
      for (const effects of written.effects) writer.addEffects(written.state.sequence, effects);
      return index.session(before.id)!;
    };
    return committer.apply(seq, change, ({ rootId }) => rootId);
  }
}
