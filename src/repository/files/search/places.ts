import type { Work } from './work.ts';

interface Waiting {
  readonly work: Work;
  readonly resume: () => void;
}

/**
 * Limits how many works are at the same time where each takes much memory. Next is the one that has had the least
 * time; among equals, the newest.
 */
export class Places {
  readonly #waiting: Waiting[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `run` once there is a place. Rejects with a CancelledError if the work was cancelled by then. */
  async use<T>(work: Work, run: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resume) => this.#waiting.push({ work, resume }));
    try {
      work.throwIfCancelled();
      return await run();
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    if (this.#waiting.length === 0) {
      this.#free += 1;
      return;
    }
    const least = Math.min(...this.#waiting.map(({ work }) => work.used));
    const next = this.#waiting.findLastIndex(({ work }) => work.used === least);
    for (const { resume } of this.#waiting.splice(next, 1)) resume();
  }
}
