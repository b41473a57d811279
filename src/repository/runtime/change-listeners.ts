/** Tells listeners that something changed: soon, and once for changes that come together. */
export class ChangeListeners {
  readonly #listeners = new Set<{ readonly call: () => void }>();
  #isScheduled = false;

  /** Returns a function that removes the listener. */
  add(call: () => void): () => void {
    // The same function may listen twice.
    const listener = { call };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** Call after each change. It costs nothing while nobody listens. */
  changed(): void {
    if (this.#isScheduled || this.#listeners.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      for (const { call } of this.#listeners) call();
    });
  }
}
