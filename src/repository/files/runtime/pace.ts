import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ReadOptions, throwIfOver } from '../../read-options.ts';
import { FairQueue } from './fair-queue.ts';
import { whenOver } from './when-over.ts';

/** Splits long work on the main thread into short stretches, so that other requests run in between. */
export class Pace {
  readonly #milliseconds: number;
  #until: number;

  /** `milliseconds` is the length of a stretch. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#until = performance.now() + milliseconds;
  }

  /** True if the stretch is over. */
  get isDue(): boolean {
    return performance.now() > this.#until;
  }

  /** Lets other requests run, and begins the next stretch. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#until = performance.now() + this.#milliseconds;
  }
}

/** The longest stretch of work that does not delay other requests noticeably, in milliseconds. */
export const STRETCH_MS = 5;

/**
 * Limits how long reads block the main thread: those that were requested together are spread over several
 * turns of the event loop, in turn between the requests (told apart by their signals). A single read runs
 * immediately.
 */
export class TimeSlices {
  #busy = 0;
  #isScheduled = false;
  readonly #waiting = new FairQueue<() => void>();

  /** Rejects, without running `read`, if the read is over before its turn. */
  async take<T>(read: () => T, options?: ReadOptions): Promise<T> {
    throwIfOver(options);
    if (this.#busy <= STRETCH_MS && this.#waiting.isEmpty) return this.#timed(read);
    return new Promise<T>((resolve, reject) => {
      const run = () => {
        stopWaiting();
        try {
          throwIfOver(options);
          resolve(this.#timed(read));
        } catch (error) {
          reject(error);
        }
      };
      this.#waiting.add(options?.signal, run);
      const stopWaiting = whenOver(options, (reason) => {
        this.#waiting.remove(options?.signal, run);
        reject(reason);
      });
    });
  }

  #timed<T>(read: () => T): T {
    const started = performance.now();
    try {
      return read();
    } finally {
      this.#busy += performance.now() - started;
      this.#schedule();
    }
  }

  /** A read that waits has followed another, which scheduled the next turn. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#busy = 0;
      while (this.#busy <= STRETCH_MS && !this.#waiting.isEmpty) this.#waiting.take()?.();
      if (!this.#waiting.isEmpty) this.#schedule();
    });
  }
}

/**
 * Calls `visit` for each item, in stretches too short to delay other requests. Rejects as soon as the read that
 * `options` belong to is over.
 */
export async function eachAtPace<Item>(
  items: Iterable<Item>,
  visit: (item: Item) => void,
  options?: ReadOptions,
): Promise<void> {
  const pace = new Pace(STRETCH_MS);
  for (const item of items) {
    visit(item);
    if (!pace.isDue) continue;
    await pace.rest();
    throwIfOver(options);
  }
}
