import type { IndexDatabase } from './database.ts';
import { RowInsertion, RowQueue } from './row-insertion.ts';

/** Which session's metadata has which terms. */
export class TermsTable {
  readonly #db: IndexDatabase;
  readonly #rows: RowQueue;

  constructor(db: IndexDatabase) {
    this.#db = db;
    this.#rows = new RowQueue(db, INTO_TERMS, INTO_LOOSE_TERMS);
  }

  add(seq: number, terms: readonly number[]): void {
    const rows: number[] = [];
    for (const term of terms) rows.push(term, seq);
    this.#rows.add(rows);
  }

  remove(seq: number, terms: readonly number[]): void {
    for (const term of terms)
      this.#db.run('DELETE FROM metadata_terms WHERE term = ? AND seq = ?', term, seq);
  }

  /** To be called before an index that was filled is said to be complete. */
  flush(): void {
    this.#rows.flush();
  }
}

const INTO_TERMS = new RowInsertion('metadata_terms', 2);
const INTO_LOOSE_TERMS = new RowInsertion('loose_terms', 2);
