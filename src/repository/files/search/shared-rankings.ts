import type { FairTurns } from './fair-turns.ts';
import { Work } from './work.ts';

interface Shared<T> {
  readonly work: Work;
  /** The requests that wait for the result. */
  readonly waiting: Set<Work>;
  readonly result: Promise<T>;
}

/**
 * Equal searches that run at the same time, as those of the aliases of one request, are one search. The first of
 * the requests that wait for it is charged for what it walks. Once all of them are cancelled, so is the search.
 */
export class SharedRankings<T> {
  readonly #turns: FairTurns;
  readonly #running = new Map<string, Shared<T>>();

  constructor(turns: FairTurns) {
    this.#turns = turns;
  }

  /** `key` says which searches are equal. `begin` runs the search. */
  async of(key: string, work: Work, begin: (work: Work) => Promise<T>): Promise<T> {
    const shared = this.#running.get(key) ?? this.#begin(key, work.end, begin);
    shared.waiting.add(work);
    shared.work.extendTo(work.end);
    try {
      const result = await work.unlessCancelled(shared.result);
      work.joinTurn();
      return result;
    } finally {
      shared.waiting.delete(work);
      if (shared.waiting.size === 0) {
        shared.work.cancel();
        if (this.#running.get(key) === shared) this.#running.delete(key);
      }
    }
  }

  endBy(time: number): void {
    for (const { work } of this.#running.values()) work.endBy(time);
  }

  #begin(key: string, end: number, begin: (work: Work) => Promise<T>): Shared<T> {
    const waiting = new Set<Work>();
    const work = new Work(this.#turns, end, ({ rows }) => {
      const [first] = waiting;
      first?.walk(rows);
      first?.report();
    });
    const result = begin(work);
    // All who waited may have left.
    result.catch(() => {});
    const shared = { work, waiting, result };
    this.#running.set(key, shared);
    const settled = () => {
      work.report();
      if (this.#running.get(key) === shared) this.#running.delete(key);
    };
    result.then(settled, settled);
    return shared;
  }
}
