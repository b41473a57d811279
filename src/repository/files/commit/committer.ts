import { StorageError } from '../../../model/errors.ts';
import { storageError } from '../disk/storage-error.ts';
import type { IndexDatabase } from '../index/database.ts';
import { type Change, Sequencer } from './sequencer.ts';

/**
 * Takes mutations through their commit: a sequence number, the write, then the index, in the order of the numbers. Where
 * the index has no room, the mutation is refused and its write undone; where it is broken, nothing more is committed: the
 * next start builds it again.
 */
export class Committer {
  readonly #sequencer: Sequencer;
  #lastSeq: number;
  #failed = false;

  /** `committed` is called after each commit of the index, with whether it is a large one, and must not throw. */
  constructor(db: IndexDatabase, lastSeq: number, committed: (large: boolean) => void) {
    this.#lastSeq = lastSeq;
    this.#sequencer = new Sequencer(lastSeq, {
      atOnce: (work) => {
        this.#check();
        try {
          db.transaction(work);
        } catch (cause) {
          throw this.#failure(cause);
        }
        committed(false);
      },
      inSteps: async (work) => {
        this.#check();
        const result = await db.transactionAtPace(work).catch((cause) => {
          throw this.#failure(cause);
        });
        committed(true);
        return result;
      },
    });
  }

  /** The highest number that was given out. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The index is behind the files. */
  get failed(): boolean {
    return this.#failed;
  }

  /** As of the `Sequencer`: for several mutations that share one write. */
  begin(): number {
    this.#check();
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

  #check(): void {
    if (this.#failed) throw needsRestart();
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
