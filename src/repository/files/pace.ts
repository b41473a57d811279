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

/** `visit` for each item, in stretches that nobody notices. */
export async function eachAtPace<Item>(items: Iterable<Item>, visit: (item: Item) => void): Promise<void> {
  const pace = new Pace(STRETCH);
  for (const item of items) {
    visit(item);
    if (pace.isDue) await pace.rest();
  }
}
