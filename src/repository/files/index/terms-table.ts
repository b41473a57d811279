import type { IndexDatabase } from './database.ts';
import { ROWS_AT_ONCE, RowInsertion } from './row-insertion.ts';
import { WaitingTerms } from './waiting-terms.ts';

/** Which session's metadata has which terms. */
export class TermsTable {
  readonly #db: IndexDatabase;
  /** Only while the index is being filled. */
  readonly #waiting = new WaitingTerms();

  constructor(db: IndexDatabase) {
    this.#db = db;
  }

  add(seq: number, terms: readonly number[]): void {
    if (terms.length === 0) return;
    if (!this.#db.filling) {
      const values = terms.flatMap((term) => [term, seq]);
      const { changes } = this.#db.behind;
      if (changes) changes.addTerms(values);
      else INTO_TERMS.insert(this.#db, values);
      return;
    }
    if (this.#waiting.isFull(terms.length)) this.flush();
    this.#waiting.add(seq, terms);
  }

  remove(seq: number, terms: readonly number[]): void {
    for (const term of terms)
      this.#db.run('DELETE FROM metadata_terms WHERE term = ? AND seq = ?', term, seq);
  }

  /** To be called before an index that was filled is said to be complete. */
  flush(): void {
    for (const rows of this.#waiting.takeInOrder(ROWS_AT_ONCE)) INTO_TERMS.insert(this.#db, rows);
  }
}

/** Columns as the schema has them. */
export const INTO_TERMS = new RowInsertion('metadata_terms', 2);
