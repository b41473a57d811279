/**
 * The clock that stamps the store's writes: the system's time, but monotonic. If the system's clock is
 * behind, the store's time advances from its latest time, a millisecond at a time and no faster than the
 * system's clock. Later writes thus never have earlier times, and the system's clock catches up. Times
 * that clients give do not move this clock.
 */
export class StoreClock {
  #latest = 0;
  #system = 0;

  /** The latest time given or followed, in milliseconds since 1970. */
  get latest(): number {
    return this.#latest;
  }

  /** `time` is in the store already: later writes must not precede it. */
  follow(time: number): void {
    this.#latest = Math.max(this.#latest, time);
  }

  now(): Date {
    const system = Date.now();
    if (system > this.#latest) this.#latest = system;
    else if (system !== this.#system) this.#latest += 1;
    this.#system = system;
    return new Date(this.#latest);
  }
}
