import type { IndexDatabase } from './database.ts';
import { RowInsertion } from './row-insertion.ts';

/** Which session's metadata has which terms. */
export class TermsTable {
  readonly #db: IndexDatabase;
  /** Of an index that is being filled: rows that wait until there are enough for one statement. */
  #waiting: number[] = [];

  constructor(db: IndexDatabase) {
    this.#db = db;
  }

  add(seq: number, terms: readonly number[]): void {
    const rows = terms.flatMap((term) => [term, seq]);
    if (!this.#db.filling) {
      INTO_TERMS.insert(this.#db, rows);
      return;
    }
    this.#waiting.push(...rows);
    if (this.#waiting.length >= ENOUGH) this.flush();
  }

  remove(seq: number, terms: readonly number[]): void {
    for (const term of terms)
      this.#db.run('DELETE FROM metadata_terms WHERE term = ? AND seq = ?', term, seq);
  }

  /** To be called before an index that was filled is said to be complete. */
  flush(): void {
    INTO_LOOSE_TERMS.insert(this.#db, this.#waiting);
    this.#waiting = [];
  }
}

const INTO_TERMS = new RowInsertion('metadata_terms', 2);
const INTO_LOOSE_TERMS = new RowInsertion('loose_terms', 2);
const ENOUGH = 1_024;
