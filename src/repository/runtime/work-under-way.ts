/** Counts running work, so that a closing store can wait until it has finished. */
export class WorkUnderWay {
  #count = 0;
  #isClosed = false;
  #whenDone: PromiseWithResolvers<void> | null = null;

  /** True once `close` was called: no work may begin any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Each call must be paired with a call of `end`. */
  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#whenDone?.resolve();
  }

  /** Resolves once no work is running. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#count === 0) return;
    this.#whenDone = Promise.withResolvers();
    await this.#whenDone.promise;
  }
}
