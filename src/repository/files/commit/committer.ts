import { StorageError } from '../../../model/errors.ts';
import type { Logger } from '../../observer.ts';
import { storageError } from '../disk/storage-error.ts';
import type { IndexDatabase } from '../index/database.ts';
import { type Change, CommitPipeline, type Committed, type Transactions } from './commit-pipeline.ts';
import { RecentTrees } from './recent-trees.ts';

/** The dependencies of a `Committer`. */
export interface CommitterParts {
  readonly db: IndexDatabase;
  /** The highest sequence number so far. */
  readonly lastSeq: number;
  readonly logger: Logger;
  readonly onCommit: Committed | null;
}

/** Milliseconds after which other connections see an acknowledged mutation in the index. */
export const COMMIT_DELAY_MS = 100;

/**
 * Commits mutations: allocates a sequence number, writes, then changes the index in the order of the numbers. If there is no
 * room for the index, the mutation is refused and its write undone. If the index cannot be written for another reason, all later
 * mutations are refused until the next start, which brings the index up to date.
 */
export class Committer {
  readonly #db: IndexDatabase;
  readonly #logger: Logger;
  readonly #pipeline: CommitPipeline;
  /** The trees in which mutations have changed something. */
  readonly trees: RecentTrees;
  #lastSeq: number;
  #failed = false;
  #timer: NodeJS.Timeout | null = null;
  /** Whether the current failure to write the pending rows was logged. */
  #isFailureLogged = false;

  /** `changed` is called after each change of the index, with true for a large change. It must not throw. */
  constructor({ db, lastSeq, logger, onCommit }: CommitterParts, changed: (large: boolean) => void) {
    this.#db = db;
    this.#logger = logger;
    this.#lastSeq = lastSeq;
    this.trees = new RecentTrees(lastSeq);
    const transactions: Transactions = {
      atOnce: (work) => {
        if (db.isFull) this.commitIndex();
        // `commitIndex` may just have given up the pending rows.
        this.check();
        try {
          db.transaction(work);
        } catch (cause) {
          throw this.#failure(cause);
        }
        changed(false);
        this.#commitSoon();
      },
      inSteps: async (work, after) => {
        this.commitIndex();
        this.check();
        const result = await db.transactionAtPace(work).catch((cause) => {
          throw this.#failure(cause);
        });
        after?.();
        changed(true);
        return result;
      },
      alone: async (work) => {
        this.commitIndex();
        this.check();
        return await work();
      },
    };
    this.#pipeline = new CommitPipeline(lastSeq, transactions, onCommit);
  }

  /** The highest number that was allocated. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** True while the index lacks something that the files have. */
  get isBehind(): boolean {
    return this.mustRestart || this.#db.pendingRows > 0;
  }

  /** As `CommitPipeline.begin`, for mutations that share one write. Throws a StorageError if the store must be restarted. */
  begin(numbers = 1): number {
    this.check();
    this.#lastSeq = this.#pipeline.begin(numbers);
    return this.#lastSeq;
  }

  /** Tells that the number `seq` came into the store from outside: later numbers are above it. */
  follow(seq: number): void {
    this.#pipeline.follow(seq);
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  giveUp(seq: number): void {
    this.#pipeline.giveUp(seq);
  }

  /**
   * Applies mutation `seq` to the index. `rootOf` returns the root of the only tree that it changes, from the result of `change`: it must not
   * read the index, where a change in steps is not seen yet. Leave it out if sessions can have come into a tree or left one.
   */
  apply<T>(seq: number, change: Change<T>, rootOf?: (result: T) => string): Promise<T> {
    const { trees } = this;
    const note = (result: T, isRelinked: boolean) => {
      // Orphans may have found their parent.
      if (rootOf && !isRelinked) trees.add(seq, rootOf(result));
      else trees.addUnknown(seq);
      return result;
    };
    if (typeof change !== 'function') {
      let done!: { readonly result: T; readonly isRelinked: boolean };
      return this.#pipeline.commit(seq, {
        *inSteps(index) {
          const { tables } = index;
          const { relinks } = tables;
          const result = yield* { [Symbol.iterator]: () => change.inSteps(index) };
          done = { result, isRelinked: tables.relinks !== relinks };
          return result;
        },
        // `rootOf` may read the session that the steps have made: before the end of the transaction, nobody else sees it.
        after: () => note(done.result, done.isRelinked),
      });
    }
    const { tables } = this.#db;
    return this.#pipeline.commit(seq, () => {
      const { relinks } = tables;
      return note(change(), tables.relinks !== relinks);
    });
  }

  /**
   * Commits one mutation: `prepare` with its number, `write` to the disk, `change` the index. If the change fails, the write is
   * undone: no client was answered yet.
   */
  async commit<Prepared, Result, T>(steps: {
    prepare: (seq: number) => Prepared;
    write: (prepared: Prepared) => Promise<Result>;
    change: (prepared: Prepared, written: Result) => Change<T>;
    undo: () => Promise<void>;
    /** As in `apply`. */
    rootOf?: (result: T) => string;
    /** As in `CommitPipeline.begin`. */
    numbers?: number;
  }): Promise<T> {
    const seq = this.begin(steps.numbers);
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
      return await this.apply(seq, steps.change(prepared, written), steps.rootOf);
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

  /** Runs `work` after all changes of the index that have begun, and before any other. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#pipeline.commit(this.begin(), { alone: work });
  }

  /** Commits the pending rows, so that other connections see them. Throws a StorageError if they cannot be committed now. */
  commitIndex(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      this.#db.commit();
    } catch (cause) {
      const error = this.#failure(cause);
      this.#logFailure(cause);
      this.#commitSoon();
      throw error;
    }
    const { failure } = this.#db;
    if (failure !== null) this.#logFailure(failure);
    else this.#isFailureLogged = false;
  }

  /** Tries to commit the pending rows, and stops the timer that does so. */
  close(): void {
    this.#tryToCommit();
    if (this.#timer) clearTimeout(this.#timer);
  }

  #commitSoon(): void {
    if (this.#timer || this.#failed || this.#db.pendingRows === 0) return;
    // If the process ends before that, the next start reads the changes from the files.
    this.#timer = setTimeout(() => this.#tryToCommit(), COMMIT_DELAY_MS).unref();
  }

  #tryToCommit(): void {
    try {
      this.commitIndex();
    } catch {
      // `commitIndex` logged the failure.
    }
  }

  #logFailure(err: unknown): void {
    if (!this.#isFailureLogged) this.#logger.error({ err }, 'the index could not be written');
    this.#isFailureLogged = true;
  }

  /** True once the index cannot be written any more: it may be out of date. */
  get mustRestart(): boolean {
    return this.#failed || this.#db.failure !== null;
  }

  /** Throws a StorageError if the store `mustRestart`. */
  check(): void {
    if (this.mustRestart) throw needsRestart();
  }

  #failure(cause: unknown): StorageError {
    const error = storageError(cause);
    // There was no room: the index is unchanged.
    if (error.isRetryable) return error;
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
