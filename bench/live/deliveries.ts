import type { Latency } from './latency.ts';

/** When each subscriber got each of a range of changes. */
export class Deliveries {
  #first = 0;
  #count = 0;
  #subscribers = 0;
  /** By change, and within it by subscriber; 0 until it came. */
  #times = new Float64Array(0);
  delivered = 0;

  /** Begins anew, with the changes from `first` on. */
  reset(first: number, count: number, subscribers: number): void {
    this.#first = first;
    this.#count = count;
    this.#subscribers = subscribers;
    this.#times = new Float64Array(count * subscribers);
    this.delivered = 0;
  }

  record(subscriber: number, change: number, time: number): void {
    const n = change - this.#first;
    if (n < 0 || n >= this.#count || subscriber >= this.#subscribers) return;
    const place = n * this.#subscribers + subscriber;
    if (this.#times[place] !== 0) return;
    this.#times[place] = time;
    this.delivered += 1;
  }

  /** What did not come counts as infinitely late. `answeredAt` is 0 for changes that were not written. */
  latency(dueAt: readonly number[], answeredAt: readonly number[]): Latency {
    const sinceAnswer = new Float64Array(this.#times.length);
    const sinceDue = new Float64Array(this.#times.length);
    let size = 0;
    for (const [n, answered] of answeredAt.entries()) {
      if (answered === 0) continue;
      for (let subscriber = 0; subscriber < this.#subscribers; subscriber += 1) {
        const time = this.#times[n * this.#subscribers + subscriber]! || Number.POSITIVE_INFINITY;
        sinceAnswer[size] = time - answered;
        sinceDue[size] = time - dueAt[n]!;
        size += 1;
      }
    }
    for (const times of [sinceAnswer, sinceDue]) times.subarray(0, size).sort();
    const quantile = (times: Float64Array, share: number) =>
      size === 0 ? null : times[Math.min(size - 1, Math.floor(share * size))]!;
    return {
      median: quantile(sinceAnswer, 0.5),
      p95: quantile(sinceAnswer, 0.95),
      sinceDue: quantile(sinceDue, 0.5),
    };
  }
}
