/** A mutex per key: of the work under one key, one runs at a time, in the order of the calls. */
export class KeyedMutex {
  /** Holds only a promise: an entry must not keep a request's objects alive (CONTRIBUTING.md, "State of running requests"). */
  readonly #taken = new Map<string, Promise<void>>();

  has(key: string): boolean {
    return this.#taken.has(key);
  }

  /** Runs `work` once no other work runs under `key`. If none does, `work` starts synchronously. */
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
