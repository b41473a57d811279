interface Waiting {
  /** Milliseconds of work so far. */
  readonly used: number;
  readonly resume: () => void;
}

/**
 * Schedules the requests of a thread in turns. Next is the request that has had the least work; among
 * requests without any, the newest. A small search is thus answered at once, however many large ones are
 * under way. Between two turns the thread receives new requests.
 */
export class FairTurns {
  readonly #waiting: Waiting[] = [];
  #isScheduled = false;

  /** Resolves when a request that has had `used` milliseconds of work gets its turn. */
  wait(used: number): Promise<void> {
    return new Promise((resume) => {
      this.#waiting.push({ used, resume });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const least = Math.min(...this.#waiting.map(({ used }) => used));
      const next = this.#waiting.findLastIndex(({ used }) => used === least);
      for (const { resume } of this.#waiting.splice(next, 1)) resume();
      this.#schedule();
    });
  }
}
