/**
 * A fair read-write lock: shared holders run concurrently, an exclusive holder runs alone, and the lock is granted in the order
 * of the calls. The repository's tree lock is one: creations and forks hold it shared; deletions, moves and archivals exclusively.
 */
export class ReadWriteLock {
  #holders = 0;
  #exclusive = false;
  readonly #queue: { readonly isExclusive: boolean; readonly enter: () => void }[] = [];

  shared<T>(work: () => Promise<T>): Promise<T> {
    return this.#hold(false, work);
  }

  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#hold(true, work);
  }

  async #hold<T>(isExclusive: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((enter) => {
      this.#queue.push({ isExclusive, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#holders -= 1;
      this.#exclusive = false;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      if (this.#exclusive || (next.isExclusive && this.#holders > 0)) return;
      this.#queue.shift();
      this.#holders += 1;
      this.#exclusive = next.isExclusive;
      next.enter();
    }
  }
}
