import type { ReadOptions } from '../../read-options.ts';
import { recentlyUsed } from '../../runtime/recently-used.ts';
import type { Queries } from '../connection/queries.ts';

/** Where the rows of a session are. It never changes, and stays after the session is deleted. */
export interface Place {
  readonly home: number;
  readonly sid: number;
}

/** Places that are remembered: some 100 bytes each. */
const PLACES_MAX = 200_000;

const SELECT_PLACES = 'SELECT id, home, sid FROM ids WHERE id = ANY($1::text[])';

/** Finds the places of sessions by their ids. What was found once is remembered: it holds for ever. */
export class Places {
  readonly #queries: Queries;
  readonly #known = recentlyUsed<string, Place>(PLACES_MAX);

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** The places of the ids that were ever given, by id. */
  async of(
    ids: Iterable<string>,
    options?: ReadOptions,
    queries = this.#queries,
  ): Promise<Map<string, Place>> {
    const found = new Map<string, Place>();
    const unknown: string[] = [];
    for (const id of new Set(ids)) {
      const place = this.#known.get(id);
      if (place) found.set(id, place);
      else unknown.push(id);
    }
    if (unknown.length === 0) return found;
    const rows = await queries.rows<Place & { readonly id: string }>(SELECT_PLACES, [unknown], options);
    for (const { id, home, sid } of rows) {
      const place = { home, sid };
      this.#known.set(id, place);
      found.set(id, place);
    }
    return found;
  }

  /** The place of an id, if it is remembered. */
  known(id: string): Place | undefined {
    return this.#known.get(id);
  }

  /** The place of an id; null if it was never given. */
  async one(id: string, options?: ReadOptions, queries = this.#queries): Promise<Place | null> {
    return this.#known.get(id) ?? (await this.of([id], options, queries)).get(id) ?? null;
  }

  /** Remembers the place of a session whose creation is committed. */
  remember(id: string, { home, sid }: Place): void {
    this.#known.set(id, { home, sid });
  }

  /** Remembers the places of sessions that were read: the next request for them need not look them up. */
  saw(rows: Iterable<Place & { readonly id: string }>): void {
    for (const row of rows) this.remember(row.id, row);
  }
}

/** The distinct homes of places: a statement that names them looks at no other partition. */
export function homesOf(places: Iterable<Place>): number[] {
  return [...new Set([...places].map(({ home }) => home))];
}
