import type { SessionRow } from './session-row.ts';

/** Where a session is in its tree. */
export type PlaceInTree = Pick<SessionRow, 'sequence' | 'rootId' | 'depth'>;

/** Places in each of the two generations. Most sessions are indexed soon after their parents. */
const GENERATION_PLACES = 25_000;

/** The places of the latest indexed sessions, among them all with queued rows. A hit spares a query. */
export class LatestPlaces {
  #young = new Places();
  /** The generation before the young one. */
  #old = new Places();
  /** The highest sequence number seen. */
  #highest = 0;

  add({ id, sequence, rootId, depth }: SessionRow): void {
    if (this.#young.byId.size === GENERATION_PLACES) {
      this.#old = this.#young;
      this.#young = new Places();
    }
    this.#young.byId.set(id, { sequence, rootId, depth });
    this.#young.sequences.add(sequence);
    this.#highest = Math.max(this.#highest, sequence);
  }

  get(id: string): PlaceInTree | undefined {
    return this.#young.byId.get(id) ?? this.#old.byId.get(id);
  }

  /** True if a session has this number; undefined if only the table can tell. */
  has(sequence: number): boolean | undefined {
    // Most sessions are added in the order of their numbers.
    if (sequence > this.#highest) return false;
    return this.#young.sequences.has(sequence) || this.#old.sequences.has(sequence) ? true : undefined;
  }
}

class Places {
  readonly byId = new Map<string, PlaceInTree>();
  readonly sequences = new Set<number>();
}
