import { FairQueue } from '../../repository/files/runtime/fair-queue.ts';

/**
 * Lets a bounded number of tasks run at once; further ones wait in their order, and accounts take turns. What subscriptions make must not take all places of
 * `operations`, nor all places in the queue for them: requests need them, too.
 */
export class Slots {
  #free: number;
  readonly #waiting = new FairQueue<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(account: string | null, task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.add(account, resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.take();
      if (next) next();
      else this.#free += 1;
    }
  }
}
