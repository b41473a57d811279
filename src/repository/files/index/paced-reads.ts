import { StorageError } from '../../../model/errors.ts';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import { unreadNow } from '../disk/storage-error.ts';
import { FairQueue } from '../runtime/fair-queue.ts';
import { STRETCH_MS, type TimeSlices } from '../runtime/pace.ts';
import { whenOver } from '../runtime/when-over.ts';
import { openForReading } from './open-for-reading.ts';
import { isSqliteError } from './statements.ts';
import type { Steps } from './steps.ts';
import { IndexTables } from './tables.ts';

/** Long reads that run at the same time. Others wait. */
const LONG_READS_MAX = 4;
/** Stretches for which a read goes on without a snapshot: what a change of the index makes it read again is bounded. */
const STRETCHES_WITHOUT_SNAPSHOT = 10;

/** Work that only reads the index. It may be begun again, on another connection. */
export type PacedWork<T> = (tables: IndexTables) => Steps<T>;

/**
 * Reads of the index on the main thread, each from one state of the index. A read that takes no longer than
 * one stretch runs at once. A longer one rests after each stretch. It goes on for a while if the index has not changed meanwhile,
 * and otherwise begins again, on a connection of its own, which holds a snapshot.
 */
export class PacedReads {
  readonly #tables: IndexTables;
  readonly #turns: TimeSlices;
  readonly #stretchesWithoutSnapshot: number;
  readonly #idle: IndexTables[] = [];
  #running = 0;
  readonly #waiting = new FairQueue<() => void>();
  #isClosed = false;

  /** `isShared` if other processes change the index: nothing tells of their changes. */
  constructor(tables: IndexTables, turns: TimeSlices, isShared: boolean) {
    this.#tables = tables;
    this.#turns = turns;
    this.#stretchesWithoutSnapshot = isShared ? 1 : STRETCHES_WITHOUT_SNAPSHOT;
  }

  async run<T>(work: PacedWork<T>, options?: ReadOptions): Promise<T> {
    const meter = new Meter(options);
    const begun = new ReadWithoutSnapshot(work, this.#tables, this.#stretchesWithoutSnapshot);
    try {
      const first = await this.#turns.take(() => begun.stretch(meter), options);
      if (first?.done) return first.value;
      // On an index in memory nothing changes.
      if (this.#tables.connection.path === null)
        return (await this.#last(() => begun.stretch(meter), options))!.value;
      // What a read has found is not kept while it waits.
      if (this.#running === LONG_READS_MAX) begun.end();
      await this.#takeSlot(options);
      try {
        const last = await this.#last(() => begun.stretch(meter), options);
        if (last) return last.value;
        meter.beginAgain();
        return await this.#withSnapshot((own) => {
          // Without a snapshot, the read must not rest: what it has seen could change in the middle of it.
          return own ? this.#finish(work(own), meter, options) : atOnce(work(this.#tables), meter, options);
        }, options);
      } finally {
        this.#releaseSlot();
      }
    } finally {
      begun.end();
    }
  }

  /** Ends all reads. Each rejects with a StorageError. */
  close(): void {
    this.#isClosed = true;
    for (let next = this.#waiting.take(); next; next = this.#waiting.take()) next();
    for (const tables of this.#idle.splice(0)) tables.connection.close();
  }

  /** The last of the stretches, each in its turn; null once `next` gives none. */
  async #last<T>(
    next: () => IteratorResult<number, T> | null,
    options?: ReadOptions,
  ): Promise<IteratorReturnResult<T> | null> {
    for (;;) {
      const step = await this.#turns.take(() => {
        this.#refuseClosed();
        return next();
      }, options);
      if (!step || step.done) return step;
    }
  }

  async #finish<T>(steps: Steps<T>, meter: Meter, options?: ReadOptions): Promise<T> {
    try {
      const last = await this.#last(() => stretch(steps, meter), options);
      return last!.value;
    } finally {
      steps.return(undefined as T);
    }
  }

  async #withSnapshot<T>(
    read: (own: IndexTables | null) => T | Promise<T>,
    options?: ReadOptions,
  ): Promise<T> {
    let own: IndexTables | null = null;
    try {
      this.#refuseClosed();
      throwIfOver(options);
      own = this.#open();
      own?.connection.configure('BEGIN');
      const result = await read(own);
      own?.connection.configure('COMMIT');
      if (own && !this.#isClosed) {
        this.#idle.push(own);
        own = null;
      }
      return result;
    } catch (error) {
      if (isSqliteError(error) && (error.errcode & 0xff) === SQLITE_CANTOPEN) throw unreadNow(error);
      throw error;
    } finally {
      if (own?.connection.isDamaged) this.#tables.connection.noteDamage();
      // A connection on which a read failed is not used again.
      own?.connection.close();
    }
  }

  async #takeSlot(options?: ReadOptions): Promise<void> {
    if (this.#running < LONG_READS_MAX) this.#running += 1;
    else await this.#turn(options);
  }

  #releaseSlot(): void {
    const next = this.#waiting.take();
    if (next) next();
    else this.#running -= 1;
  }

  /** Resolves when another read hands on its place. */
  #turn(options?: ReadOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        stopWaiting();
        resolve();
      };
      this.#waiting.add(options?.signal, begin);
      const stopWaiting = whenOver(options, (reason) => {
        this.#waiting.remove(options?.signal, begin);
        reject(reason);
      });
    });
  }

  /** A connection that sees all that the main one sees; null if there can be none. */
  #open(): IndexTables | null {
    const { path } = this.#tables.connection;
    if (path === null || !isCommitted(this.#tables)) return null;
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (!this.#tables.connection.isInPlace) return null;
    return new IndexTables(openForReading(path), 0);
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new StorageError('The store is closing. Try again later.', true);
  }
}

/** What SQLite reports where no more files can be opened. */
const SQLITE_CANTOPEN = 14;

/** A read on the connection of the store, which is valid while the index stays as it was when the read began. */
class ReadWithoutSnapshot<T> {
  readonly #steps: Steps<T>;
  readonly #connection: IndexTables['connection'];
  #stretches: number;
  /** When the read began; null before. */
  #changes: number | null = null;

  /** Goes on for so many `stretches`; on an index in memory, to the end. */
  constructor(work: PacedWork<T>, tables: IndexTables, stretches: number) {
    this.#steps = work(tables);
    this.#connection = tables.connection;
    this.#stretches = tables.connection.path === null ? Number.POSITIVE_INFINITY : stretches;
  }

  /** The last step of the next stretch; null if the read has to begin again with a snapshot. */
  stretch(meter: Meter): IteratorResult<number, T> | null {
    const { changes } = this.#connection.behind;
    this.#changes ??= changes;
    if (this.#stretches === 0 || changes !== this.#changes) return null;
    this.#stretches -= 1;
    return stretch(this.#steps, meter);
  }

  /** Keeps nothing of what was found. */
  end(): void {
    this.#stretches = 0;
    this.#steps.return(undefined as T);
  }
}

/** Counts the rows that a read walks. Those that are walked a second time are not told again. */
class Meter {
  readonly #onWalk: ReadOptions['onWalk'];
  #rows = 0;
  #told = 0;

  constructor(options?: ReadOptions) {
    this.#onWalk = options?.onWalk;
  }

  beginAgain(): void {
    this.#rows = 0;
  }

  add(rows: number): void {
    this.#rows += rows;
    if (this.#rows <= this.#told) return;
    const more = this.#rows - this.#told;
    this.#told = this.#rows;
    this.#onWalk?.(more);
  }
}

/** Runs steps until one stretch is over, and returns the last. */
function stretch<T>(steps: Steps<T>, meter: Meter): IteratorResult<number, T> {
  const until = performance.now() + STRETCH_MS;
  for (;;) {
    const step = steps.next();
    if (step.done) return step;
    if (step.value > 0) meter.add(step.value);
    if (performance.now() > until) return step;
  }
}

function atOnce<T>(steps: Steps<T>, meter: Meter, options?: ReadOptions): T {
  try {
    for (;;) {
      throwIfOver(options);
      const step = stretch(steps, meter);
      if (step.done) return step.value;
    }
  } finally {
    steps.return(undefined as T);
  }
}

/**
 * True if other connections see all rows that this connection sees. False if pending rows could not be committed,
 * for example because the disk is full.
 */
function isCommitted(tables: IndexTables): boolean {
  try {
    tables.connection.behind.commit();
    return true;
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    return false;
  }
}
