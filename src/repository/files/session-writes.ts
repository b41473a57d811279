import { ConflictError, SessionNotFoundError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';
import type { Session } from '../../model/session.ts';
import type { Committer } from './commit/committer.ts';
import { Lanes } from './commit/lanes.ts';
import type { DurableFiles, Tail } from './disk/durable.ts';
import type { HandlePool } from './disk/handle-pool.ts';
import { storageError } from './disk/storage-error.ts';
import type { ForeignChanges } from './foreign-changes.ts';
import type { IndexReader } from './index/reader.ts';
import { type SessionRow, stateOf } from './index/session-row.ts';
import type { IndexWriter } from './index/writer.ts';
import { isUnchanged, isUntouched, type KnownFile } from './known-file.ts';
import { absoluteSessionPath, type Layout } from './layout.ts';
import { type Stamp, type Written, writtenAt } from './mutation.ts';
import { type SessionRecord, stampOf } from './record.ts';
import type { SessionState } from './session-state.ts';

/** What a mutation of one session's own file is made of. */
export interface SessionMutation<T> {
  readonly expectedVersion: number | null | undefined;
  readonly operation: Operation | undefined;
  /** It needs to know from the index what came before it, and so shares no write with it. */
  readonly alone?: boolean;
  /** Throws a ClientError where it must be refused. */
  readonly records: (stamp: Stamp, state: SessionState) => SessionRecord[];
  readonly answer: (session: Session, written: Written, at: Date) => T;
}

interface Job extends SessionMutation<void> {
  readonly failed: (error: unknown) => void;
}

/** One job with its place in the file. */
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
  readonly foreign: ForeignChanges;
  /** Called when the history of the session with this number has changed, before that is answered. */
  readonly historyChanged: (sequence: number) => void;
}

/** The mutations of sessions' own files: in order within a session, side by side across them. */
export class SessionWrites {
  readonly #parts: SessionWritesParts;
  readonly #lanes = new Lanes<Job>((id, jobs) => this.#write(id, jobs));

  constructor(parts: SessionWritesParts) {
    this.#parts = parts;
  }

  submit<T>(id: string, mutation: SessionMutation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = (session: Session, written: Written, at: Date) =>
        resolve(mutation.answer(session, written, at));
      this.#lanes.submit(id, { ...mutation, answer, failed: reject });
    });
  }

  /** Lets the writes under way to these sessions end, and holds later ones until the returned function is called. */
  hold(ids: readonly string[]): Promise<() => void> {
    return this.#lanes.hold(ids);
  }

  /** What waits in a session's lane. Settles each job, and never rejects. */
  async #write(id: string, jobs: readonly Job[]): Promise<void> {
    for (let from = 0; from < jobs.length; ) {
      const next = jobs.findIndex((job, n) => n > from && (job.alone || jobs[from]!.alone));
      const to = next === -1 ? jobs.length : next;
      await this.#writeTogether(id, jobs.slice(from, to));
      from = to;
    }
  }

  /** In one write and one sync. */
  async #writeTogether(id: string, jobs: readonly Job[]): Promise<void> {
    const { layout, index, files, committer } = this.#parts;
    const path = absoluteSessionPath(layout.root, id);
    let row: SessionRow | undefined;
    try {
      row = index.row(id);
      committer.check();
      if (row && !this.#isUntouched(path, row)) row = await this.#lookAgain(id, { path, ...row });
    } catch (error) {
      for (const job of jobs) job.failed(storageError(error));
      return;
    }
    if (!row) {
      for (const job of jobs) job.failed(new SessionNotFoundError(id));
      return;
    }
    const staged = this.#stage(stateOf(row), jobs);
    if (staged.length === 0) return;
    let mtime: number;
    try {
      mtime = await files.append(
        { path, size: row.size },
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
    let { size } = row;
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
    // What comes after was answered to nobody. The index cannot be asked: whatever it refused for may be in the way still.
    await files.undo({ path, size });
    for (const { job, error } of refused) job.failed(error);
  }

  /** Before each write: a file that was replaced behind an open handle would swallow what is appended. */
  #isUntouched(path: string, row: SessionRow): boolean {
    const { files, handles } = this.#parts;
    const descriptor = handles.descriptor(path);
    return descriptor !== null && isUntouched(descriptor, row) && !files.isInDoubt(path);
  }

  /** After a write that failed, and where somebody else changed the file, it is opened anew and read back before it takes more. */
  async #lookAgain(id: string, tail: Tail & KnownFile): Promise<SessionRow | undefined> {
    const { index, files, foreign } = this.#parts;
    if (!files.isInDoubt(tail.path) && (await files.isAsKnown(tail.path, tail))) return index.row(id);
    await files.settle(tail);
    const row = index.row(id);
    if (row && !isUnchanged(tail.path, row)) await foreign.reread(id);
    return index.row(id);
  }

  #stage(start: SessionState, jobs: readonly Job[]): Staged[] {
    const { committer } = this.#parts;
    const staged: Staged[] = [];
    let state = start;
    for (const job of jobs) {
      let seq: number | undefined;
      try {
        const { expectedVersion: expected } = job;
        if (expected != null && expected !== state.version) {
          throw ConflictError.version(state.id, expected, state.version);
        }
        seq = committer.begin();
        const at = new Date();
        const written = writtenAt(state.size, job.records(stampOf(seq, at, job.operation), state), state);
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
    return committer.apply(seq, () => {
      writer.updateSession(written.state, mtime, before.metadata);
      for (const effects of written.effects) writer.addEffects(written.state.sequence, effects);
      return index.session(before.id)!;
    });
  }
}
