import type { SQLInputValue } from 'node:sqlite';
import type { IndexDatabase } from './database.ts';
import type { Statements } from './statements.ts';

/** Several rows in one statement take half the time of as many by themselves. */
export const ROWS_AT_ONCE = 64;
/** Rows of the statements, the most first. */
const BATCHES = [ROWS_AT_ONCE, 8, 4, 2, 1];

/** How rows go into a table, many at once where there are many. */
export class RowInsertion {
  readonly columns: number;
  readonly #statements: readonly { readonly rows: number; readonly sql: string }[];

  constructor(table: string, columns: number) {
    const row = `(${Array(columns).fill('?').join(', ')})`;
    this.columns = columns;
    this.#statements = BATCHES.map((rows) => ({
      rows,
      sql: `INSERT INTO ${table} VALUES ${Array(rows).fill(row).join(', ')}`,
    }));
  }

  /** `values` are those of one row after the other. */
  insert(db: Pick<Statements, 'run'>, values: readonly SQLInputValue[]): void {
    let done = 0;
    for (const { rows, sql } of this.#statements) {
      const count = rows * this.columns;
      for (; values.length - done >= count; done += count)
        db.run(sql, ...(count === values.length ? values : values.slice(done, done + count)));
    }
  }
}

/**
 * Rows on their way into a table: at once, or, while the index is being filled, when there are enough of them for one statement. What
 * waits must be flushed before the table is read.
 */
export class RowQueue {
  readonly #db: IndexDatabase;
  readonly #insertion: RowInsertion;
  #waiting: SQLInputValue[] = [];

  constructor(db: IndexDatabase, insertion: RowInsertion) {
    this.#db = db;
    this.#insertion = insertion;
  }

  /** The values of one row after the other. */
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
