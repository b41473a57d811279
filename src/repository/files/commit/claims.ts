/** Keys that something under way has taken, each one at a time. */
export class Claims {
  /** Holds nothing of what is under way but that it is: CONTRIBUTING.md, "What is under way". */
  readonly #taken = new Map<string, Promise<void>>();

  /** Takes `key`, in the same step where nobody has it, and otherwise once nobody does. Gives what gives it back. */
  take(key: string): (() => void) | Promise<() => void> {
    return this.#taken.has(key) ? this.#wait(key) : this.#claim(key);
  }

  async #wait(key: string): Promise<() => void> {
    for (let other = this.#taken.get(key); other; other = this.#taken.get(key)) await other;
    return this.#claim(key);
  }

  #claim(key: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken.set(key, promise);
    return () => {
      this.#taken.delete(key);
      resolve();
    };
  }
}
