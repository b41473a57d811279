/**
 * The one queue for what depends on the shape of the tree: creations pass side by side, what takes sessions away or moves
 * them passes alone. First come, first served.
 */
export class Gate {
  #passing = 0;
  #exclusive = false;
  readonly #waiting: { readonly alone: boolean; readonly enter: () => void }[] = [];

  shared<T>(work: () => Promise<T>): Promise<T> {
    return this.#pass(false, work);
  }

  exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#pass(true, work);
  }

  async #pass<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((enter) => {
      this.#waiting.push({ alone, enter });
      this.#admit();
    });
    try {
      return await work();
    } finally {
      this.#passing -= 1;
      this.#exclusive = false;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (this.#exclusive || (next.alone && this.#passing > 0)) return;
      this.#waiting.shift();
      this.#passing += 1;
      this.#exclusive = next.alone;
      next.enter();
    }
  }
}
