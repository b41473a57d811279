/** Keys that something under way has taken, each one at a time. */
export class Claims {
  /** Holds nothing of what is under way but that it is: CONTRIBUTING.md, "What is under way". */
  readonly #taken = new Map<string, Promise<void>>();

  /** Takes `key` once nobody has it. Resolves with what gives it back. */
  async take(key: string): Promise<() => void> {
    for (let other = this.#taken.get(key); other; other = this.#taken.get(key)) await other;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken.set(key, promise);
    return () => {
      this.#taken.delete(key);
      resolve();
    };
  }
}
