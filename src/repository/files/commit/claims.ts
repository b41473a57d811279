/** Keys that something under way has taken, each one at a time. */
export class Claims {
  /** Holds nothing of what is under way but that it is: CONTRIBUTING.md, "What is under way". */
  readonly #taken = new Map<string, Promise<void>>();

  /** Does `work` while nobody else does anything under `key`: in the same step where nobody does. */
  async during<T>(key: string, work: () => Promise<T>): Promise<T> {
    for (let other = this.#taken.get(key); other; other = this.#taken.get(key)) await other;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken.set(key, promise);
    try {
      return await work();
    } finally {
      this.#taken.delete(key);
      resolve();
    }
  }
}
