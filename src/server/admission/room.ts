import type { Recipient } from './recipient.ts';

export interface RoomOptions {
  /** How many requests may wait; further ones are refused at once. */
  readonly waiting: number;
}

/**
 * Requests that are admitted in one turn of the event loop. Hundreds of mutations end together, with the sync of the journal that they
 * share: to begin as many others in the same turn would double its length.
 */
const ADMITTED_A_TURN_MAX = 32;

interface Waiting {
  readonly weight: number;
  readonly settle: (isAdmitted: boolean) => void;
}

/**
 * A bounded amount of something that requests use while they last: bytes, or places. Requests for which there is no room wait in the
 * order in which they came. Each connection has one request under way, so that this order is fair between connections.
 */
export class Room {
  readonly #capacity: number;
  readonly #options: RoomOptions;
  #free: number;
  readonly #waiting: Waiting[] = [];
  #isScheduled = false;

  constructor(capacity: number, options: RoomOptions) {
    this.#capacity = capacity;
    this.#free = capacity;
    this.#options = options;
  }

  get isWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * True once the request of `recipient` has `weight`, of which the whole capacity is the most. False if it has waited for
   * `milliseconds`, if too many others wait, or if its client has left. What was taken must be given back.
   */
  take(weight: number, recipient: Recipient, milliseconds: number): boolean | Promise<boolean> {
    const taken = this.#bounded(weight);
    if (taken <= this.#free && this.#waiting.length === 0) {
      this.#free -= taken;
      return true;
    }
    if (this.#waiting.length >= this.#options.waiting || recipient.closed) return false;
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        waiting.settle(false);
        this.#schedule();
      };
      const timer = setTimeout(leave, milliseconds);
      const waiting = {
        weight: taken,
        settle: (isAdmitted: boolean) => {
          clearTimeout(timer);
          recipient.off('close', leave);
          resolve(isAdmitted);
        },
      };
      recipient.once('close', leave);
      this.#waiting.push(waiting);
    });
  }

  give(weight: number): void {
    this.#free += this.#bounded(weight);
    this.#schedule();
  }

  #bounded(weight: number): number {
    return Math.min(weight, this.#capacity);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#admit();
    });
  }

  #admit(): void {
    for (let count = 0; count < ADMITTED_A_TURN_MAX; count += 1) {
      const [next] = this.#waiting;
      if (!next || next.weight > this.#free) return;
      this.#waiting.shift();
      this.#free -= next.weight;
      next.settle(true);
    }
    this.#schedule();
  }
}
