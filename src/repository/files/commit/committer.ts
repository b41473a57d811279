import { StorageError } from '../../../model/errors.ts';
import type { Logger } from '../../observer.ts';
import { storageError } from '../disk/storage-error.ts';
import type { IndexDatabase } from '../index/database.ts';
import { type Change, Sequencer } from './sequencer.ts';

/** What a `Committer` works with. */
export interface CommitterParts {
  readonly db: IndexDatabase;
  /** The highest sequence number so far. */
  readonly lastSeq: number;
  readonly logger: Logger;
}

/** What was acknowledged is in the index for other connections after so many milliseconds. */
export const COMMIT_AFTER = 100;

/**
 * Takes mutations through their commit: a sequence number, the write, then the index, in the order of the numbers. Where
 * the index has no room, the mutation is refused and its write undone; where it is broken, nothing more is committed: the
 * next start builds it again.
 */
export class Committer {
  readonly #db: IndexDatabase;
  readonly #logger: Logger;
  readonly #sequencer: Sequencer;
  #lastSeq: number;
  #failed = false;
  #timer: NodeJS.Timeout | null = null;
  /** What waits cannot be committed, and that was said. */
  #isSaid = false;

  /** `changed` is called after each change of the index, with whether it is a large one, and must not throw. */
  constructor({ db, lastSeq, logger }: CommitterParts, changed: (large: boolean) => void) {
    this.#db = db;
    this.#logger = logger;
    this.#lastSeq = lastSeq;
    this.#sequencer = new Sequencer(lastSeq, {
      atOnce: (work) => {
        if (db.behind.isFull) this.commitIndex();
        // What waited may have been given up just now.
        this.check();
        try {
          db.transaction(work);
        } catch (cause) {
          throw this.#failure(cause);
        }
        changed(false);
        this.#commitSoon();
      },
      inSteps: async (work) => {
        this.commitIndex();
        this.check();
        const result = await db.transactionAtPace(work).catch((cause) => {
          throw this.#failure(cause);
        });
        changed(true);
        return result;
      },
    });
  }

  /** The highest number that was given out. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The index lacks something that the files have. */
  get isBehind(): boolean {
    return this.mustRestart || this.#db.behind.rows > 0;
  }

  /** As of the `Sequencer`: for several mutations that share one write. */
  begin(): number {
    this.check();
    this.#lastSeq = this.#sequencer.begin();
    return this.#lastSeq;
  }

  giveUp(seq: number): void {
    this.#sequencer.giveUp(seq);
  }

  apply<T>(seq: number, change: Change<T>): Promise<T> {
    return this.#sequencer.commit(seq, change);
  }

  /**
   * One mutation by itself: `prepare` under its number, `write` to the disk, `change` the index. What was written and
   * cannot be applied is undone: it was answered to nobody.
   */
  async commit<Prepared, Result, T>(steps: {
    prepare: (seq: number) => Prepared;
    write: (prepared: Prepared) => Promise<Result>;
    change: (prepared: Prepared, written: Result) => Change<T>;
    undo: () => Promise<void>;
  }): Promise<T> {
    const seq = this.begin();
    let prepared: Prepared;
    let written: Result;
    try {
      prepared = steps.prepare(seq);
      written = await steps.write(prepared);
    } catch (error) {
      this.giveUp(seq);
      throw error;
    }
    try {
      return await this.apply(seq, steps.change(prepared, written));
    } catch (error) {
      await steps.undo().catch((cause) => {
        throw new StorageError(
          'The store could not write, nor undo what it had written: a restart shows whether it was recorded.',
          false,
          { cause },
        );
      });
      throw error;
    }
  }

  /** What the index has not committed yet, other connections do not see. Throws a StorageError where it cannot be done now. */
  commitIndex(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      this.#db.behind.commit();
    } catch (cause) {
      const error = this.#failure(cause);
      this.#say(cause);
      this.#commitSoon();
      throw error;
    }
    const { failure } = this.#db.behind;
    if (failure !== null) this.#say(failure);
    else this.#isSaid = false;
  }

  /** Commits what waits, if it can be, and no more by itself. */
  close(): void {
    this.#tryToCommit();
    if (this.#timer) clearTimeout(this.#timer);
  }

  #commitSoon(): void {
    if (this.#timer || this.#failed || this.#db.behind.rows === 0) return;
    // Whatever ends the process before, the next start finds in the files.
    this.#timer = setTimeout(() => this.#tryToCommit(), COMMIT_AFTER).unref();
  }

  #tryToCommit(): void {
    try {
      this.commitIndex();
    } catch {
      // It has been said.
    }
  }

  #say(err: unknown): void {
    if (!this.#isSaid) this.#logger.error({ err }, 'the index could not be written');
    this.#isSaid = true;
  }

  /** The index cannot be written any more: what it says of sessions may be old. */
  get mustRestart(): boolean {
    return this.#failed || this.#db.behind.failure !== null;
  }

  /** Throws a StorageError where it `mustRestart`. */
  check(): void {
    if (this.mustRestart) throw needsRestart();
  }

  #failure(cause: unknown): StorageError {
    const error = storageError(cause);
    // For want of room: the index is as it was before.
    if (error.retryable) return error;
    this.#failed = true;
    return needsRestart({ cause });
  }
}

function needsRestart(options?: ErrorOptions): StorageError {
  return new StorageError(
    'The store must be restarted: its index could not be written. Its log says why.',
    false,
    options,
  );
}
