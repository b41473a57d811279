import type { IndexConnection } from './connection.ts';
import { PendingInserts } from './pending-rows.ts';
import { ROWS_AT_ONCE, RowInsertion } from './row-insertion.ts';
import { WaitingTerms } from './waiting-terms.ts';

const INTO_TERMS = new RowInsertion('metadata_terms', 2);

class PendingTerms extends PendingInserts {
  constructor() {
    super(INTO_TERMS);
  }
}

/** The terms of each session's metadata. */
export class TermsTable {
  readonly #db: IndexConnection;
  /** Only while the index is being filled. */
  readonly #waiting = new WaitingTerms();

  constructor(db: IndexConnection) {
    this.#db = db;
  }

  add(seq: number, terms: readonly number[]): void {
    if (terms.length === 0) return;
    if (!this.#db.filling) {
      const values = terms.flatMap((term) => [term, seq]);
      const pending = this.#db.behind.taking(PendingTerms);
      if (pending) pending.push(values);
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

  /** Call before an index that was being filled is marked complete. */
  flush(): void {
    for (const rows of this.#waiting.takeInOrder(ROWS_AT_ONCE)) INTO_TERMS.insert(this.#db, rows);
  }
}
