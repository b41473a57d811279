import { canonical } from './items.ts';

/** So many items are kept to compare without a request: more than a run replaces. */
const ITEMS_MAX = 100;

/** The end of a history at a version of its session. */
export interface Seen {
  readonly sessionId: string;
  readonly version: number;
  /** The JSON of the latest items, oldest first. */
  readonly items: readonly string[];
}

/** What a write did to a history. */
export interface Written {
  readonly sessionId: string;
  readonly version: number;
  readonly removedCount: number;
  readonly items: readonly unknown[];
}

/**
 * What this process last saw of the end of a history. The session may have changed since: write with the version, and the server refuses to
 * replace something else.
 */
export class Tail {
  #seen: Seen | null = null;

  get seen(): Seen | null {
    return this.#seen;
  }

  /** At this version, the history ends with `items`. */
  read(sessionId: string, version: number, items: readonly unknown[]): void {
    this.#seen = { sessionId, version, items: items.map((item) => JSON.stringify(item)) };
  }

  /**
   * A write whose items are the end of the history. `before` is what was seen when the write was sent: if its version is the one before, no other
   * writer was in between. Answers can come in another order than the writes.
   */
  wrote(before: Seen | null, { sessionId, version, removedCount, items }: Written): void {
    if (this.#seen?.sessionId === sessionId && this.#seen.version >= version) return;
    const isNext = before?.sessionId === sessionId && before.version === version - 1;
    const kept = isNext ? before.items.slice(0, Math.max(before.items.length - removedCount, 0)) : [];
    const end = [...kept, ...items.map((item) => JSON.stringify(item))].slice(-ITEMS_MAX);
    this.#seen = { sessionId, version, items: end };
  }

  /** Where the history ends with `suffix`, as far as is known; null otherwise. */
  endingWith(suffix: readonly unknown[]): Seen | null {
    const seen = this.#seen;
    if (seen === null || seen.items.length < suffix.length) return null;
    const end = seen.items.slice(seen.items.length - suffix.length);
    return end.every((json, index) => canonical(JSON.parse(json)) === canonical(suffix[index])) ? seen : null;
  }
}

/** The latest of `items`: as many as a `Tail` keeps, or `atLeast` so many. */
export function latestOf<T>(items: readonly T[], atLeast: number): readonly T[] {
  return items.slice(-Math.max(atLeast, ITEMS_MAX));
}
