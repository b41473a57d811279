import type { SQLInputValue } from 'node:sqlite';
import type { IndexConnection } from './connection.ts';
import { ROWS_AT_ONCE, type RowInsertion } from './row-insertion.ts';

/**
 * Rows to insert into a table: at once, or in batches while the index is being filled. Queued rows must be
 * flushed before the table is read.
 */
export class RowQueue {
  readonly #db: IndexConnection;
  readonly #insertion: RowInsertion;
  #waiting: SQLInputValue[] = [];

  constructor(db: IndexConnection, insertion: RowInsertion) {
    this.#db = db;
    this.#insertion = insertion;
  }

  /** `values` are those of one row after the other. */
  add(values: readonly SQLInputValue[]): void {
    if (!this.#db.filling) {
      this.#insertion.insert(this.#db, values);
      return;
    }
    for (const value of values) this.#waiting.push(value);
    if (this.#waiting.length >= ROWS_AT_ONCE * this.#insertion.columns) this.flush();
  }

  flush(): void {
    const values = this.#waiting;
    if (values.length === 0) return;
    this.#waiting = [];
    this.#insertion.insert(this.#db, values);
  }
}
