import { StorageError } from '../../../model/errors.ts';
import { storageError } from '../disk/durable.ts';
import type { IndexDatabase } from '../index/database.ts';
import { Sequencer } from './sequencer.ts';

/**
 * Takes mutations through their commit: a sequence number, the write, then the index, in the order of the numbers. Where
 * the index has no room, the mutation is refused and its write undone; where it is broken, nothing more is committed: the
 * next start builds it again.
 */
export class Committer {
  readonly #db: IndexDatabase;
  readonly #sequencer: Sequencer;
  #lastSeq: number;
  #failed = false;

  constructor(db: IndexDatabase, lastSeq: number) {
    this.#db = db;
    this.#lastSeq = lastSeq;
    this.#sequencer = new Sequencer(lastSeq, (work) => this.#transaction(work));
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
    if (this.#failed) throw needsRestart();
    this.#lastSeq = this.#sequencer.begin();
    return this.#lastSeq;
  }

  giveUp(seq: number): void {
    this.#sequencer.giveUp(seq);
  }

  apply<T>(seq: number, change: () => T): Promise<T> {
    return this.#sequencer.commit(seq, change);
  }

  /**
   * One mutation by itself: `prepare` under its number, `write` to the disk, `apply` to the index. What was written and
   * cannot be applied is undone: it was answered to nobody.
   */
  async commit<Prepared, Result, T>(steps: {
    prepare: (seq: number) => Prepared;
    write: (prepared: Prepared) => Promise<Result>;
    apply: (prepared: Prepared, written: Result) => T;
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
      return await this.apply(seq, () => steps.apply(prepared, written));
    } catch (error) {
      await steps.undo();
      throw error;
    }
  }

  #transaction(work: () => void): void {
    if (this.#failed) throw needsRestart();
    try {
      this.#db.transaction(work);
    } catch (cause) {
      const error = storageError(cause);
      // For want of room: the index is as it was before.
      if (error.retryable) throw error;
      this.#failed = true;
      throw needsRestart({ cause });
    }
  }
}

function needsRestart(options?: ErrorOptions): StorageError {
  return new StorageError(
    'The store must be restarted: its index could not be written. Its log says why.',
    false,
    options,
  );
}
