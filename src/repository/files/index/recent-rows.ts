import type { SessionRow } from './session-row.ts';

/**
 * The sessions that were last asked for by id: one that is written to again and again is not read each time. It holds what
 * the table does: the `IndexWriter` says what it changes, and what changes more than one session empties it.
 */
export class RecentRows {
  readonly #rows = new Map<string, SessionRow>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(id: string): SessionRow | undefined {
    return this.#rows.get(id);
  }

  remember(row: SessionRow): void {
    if (this.#rows.size >= this.#capacity) this.#rows.clear();
    if (this.#capacity > 0) this.#rows.set(row.id, row);
  }

  /** Of the session `id`, these columns have changed. */
  change(id: string, columns: Partial<SessionRow>): void {
    const row = this.#rows.get(id);
    if (row) this.#rows.set(id, { ...row, ...columns });
  }

  clear(): void {
    this.#rows.clear();
  }
}
