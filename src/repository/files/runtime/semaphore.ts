/**
 * Limits the total weight of concurrent tasks to `capacity`. A heavier task runs alone; tasks start in order
 * of arrival.
 */
export class Semaphore {
  readonly #capacity: number;
  #free: number;
  readonly #waiting: { readonly weight: number; readonly start: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#free = capacity;
  }

  async with<T>(weight: number, run: () => Promise<T>): Promise<T> {
    const taken = Math.min(weight, this.#capacity);
    if (this.#waiting.length > 0 || taken > this.#free) {
      await new Promise<void>((start) => this.#waiting.push({ weight: taken, start }));
    } else {
      this.#free -= taken;
    }
    try {
      return await run();
    } finally {
      this.#free += taken;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.weight <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.weight;
      next.start();
    }
  }
}
