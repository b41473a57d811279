import { setImmediate as nextTurn } from 'node:timers/promises';

/** Divides long work on the main thread into stretches, so that others have a turn in between. */
export class Pace {
  readonly #milliseconds: number;
  #until: number;

  /** A stretch is so many milliseconds long. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#until = performance.now() + milliseconds;
  }

  /** Is the stretch over? */
  get isDue(): boolean {
    return performance.now() > this.#until;
  }

  /** Lets others have a turn, and begins the next stretch. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#until = performance.now() + this.#milliseconds;
  }
}

/** Milliseconds of work that other requests do not notice. */
export const STRETCH = 5;

/**
 * Lets reads that each hold the main thread for a while, and were all asked for at once, have their turns one after the other.
 * A read that comes alone is made at once.
 */
export class Turns {
  #busy = 0;
  #scheduled = false;

  async take<T>(read: () => T): Promise<T> {
    while (this.#busy > STRETCH) await nextTurn();
    const started = performance.now();
    try {
      return read();
    } finally {
      this.#busy += performance.now() - started;
      this.#resetNextTurn();
    }
  }

  #resetNextTurn(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#busy = 0;
      this.#scheduled = false;
    });
  }
}

/** `visit` for each item, in stretches that nobody notices. */
export async function eachAtPace<Item>(items: Iterable<Item>, visit: (item: Item) => void): Promise<void> {
  const pace = new Pace(STRETCH);
  for (const item of items) {
    visit(item);
    if (pace.isDue) await pace.rest();
  }
}
