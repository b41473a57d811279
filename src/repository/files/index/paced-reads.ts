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

/** Work that only reads the index. It may be begun twice, on different connections. */
export type PacedWork<T> = (tables: IndexTables) => Steps<T>;

/**
 * Reads of the index on the main thread, each from one state of the index. A read that takes no longer than
 * one stretch runs at once. A longer one rests after each stretch. If the index changes meanwhile, the read begins again, on a
 * connection of its own, which holds a snapshot.
 */
export class PacedReads {
  readonly #tables: IndexTables;
  readonly #turns: TimeSlices;
  readonly #idle: IndexTables[] = [];
  #running = 0;
  readonly #waiting = new FairQueue<() => void>();
  #isClosed = false;

  constructor(tables: IndexTables, turns: TimeSlices) {
    this.#tables = tables;
    this.#turns = turns;
  }

  async run<T>(work: PacedWork<T>, options?: ReadOptions): Promise<T> {
    const meter = new Meter(options);
    const { behind } = this.#tables.connection;
    let changes = 0;
    const begin = () => {
      changes = behind.changes;
      return work(this.#tables);
    };
    let steps: Steps<T> | undefined;
    const first = await this.#turns.take(() => {
      steps = begin();
      return stretch(steps, meter);
    }, options);
    if (first.done) return first.value;
    return this.#asOneOfFew(
      async (hasWaited) => {
        if (hasWaited) {
          meter.beginAgain();
          steps = begin();
        }
        const last = await this.#finish(steps!, meter, options, () => behind.changes === changes);
        if (last) return last.value;
        meter.beginAgain();
        return this.#withSnapshot(async (own) => {
          // Without a snapshot, the read must not rest: what it has seen could change in the middle of it.
          if (!own) return atOnce(work(this.#tables), meter, options);
          return (await this.#finish(work(own), meter, options))!.value;
        });
      },
      options,
      () => steps!.return(undefined as T),
    );
  }

  /** Ends all reads. Each rejects with a StorageError. */
  close(): void {
    this.#isClosed = true;
    for (let next = this.#waiting.take(); next; next = this.#waiting.take()) next();
    for (const tables of this.#idle.splice(0)) tables.connection.close();
  }

  /** The last of the steps; null if they are no longer valid, which is asked before each stretch. */
  async #finish<T>(
    steps: Steps<T>,
    meter: Meter,
    options: ReadOptions | undefined,
    isValid = () => true,
  ): Promise<IteratorReturnResult<T> | null> {
    try {
      for (;;) {
        const step = await this.#turns.take(() => {
          this.#refuseClosed();
          return isValid() ? stretch(steps, meter) : null;
        }, options);
        if (!step || step.done) return step;
      }
    } finally {
      steps.return(undefined as T);
    }
  }

  /** Runs `read` while at most `LONG_READS_MAX` do, and tells it whether it had to wait for that: `wait` is called before. */
  async #asOneOfFew<T>(
    read: (hasWaited: boolean) => Promise<T>,
    options: ReadOptions | undefined,
    wait: () => void,
  ): Promise<T> {
    const hasWaited = this.#running === LONG_READS_MAX;
    if (hasWaited) {
      wait();
      await this.#turn(options);
    } else this.#running += 1;
    try {
      this.#refuseClosed();
      throwIfOver(options);
      return await read(hasWaited);
    } finally {
      const next = this.#waiting.take();
      if (next) next();
      else this.#running -= 1;
    }
  }

  async #withSnapshot<T>(read: (own: IndexTables | null) => Promise<T>): Promise<T> {
    let own: IndexTables | null = null;
    try {
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
