import type { IndexDatabase } from './database.ts';

/** Rows at once, the most first: several take half the time of as many by themselves. */
const BATCHES = [64, 8, 4, 2, 1];

/** How rows of numbers go into a table, many at once where there are many. */
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
  insert(db: IndexDatabase, values: readonly number[]): void {
    let done = 0;
    for (const { rows, sql } of this.#statements) {
      const count = rows * this.columns;
      for (; values.length - done >= count; done += count)
        db.run(sql, ...(count === values.length ? values : values.slice(done, done + count)));
    }
  }
}

/** Rows that wait until there are enough of them for one statement. */
export class WaitingRows {
  readonly #db: IndexDatabase;
  readonly #insertion: RowInsertion;
  #values: number[] = [];

  constructor(db: IndexDatabase, insertion: RowInsertion) {
    this.#db = db;
    this.#insertion = insertion;
  }

  /** The values of one row after the other. */
  add(values: readonly number[]): void {
    for (const value of values) this.#values.push(value);
    if (this.#values.length >= BATCHES[0]! * this.#insertion.columns) this.flush();
  }

  flush(): void {
    const values = this.#values;
    if (values.length === 0) return;
    this.#values = [];
    this.#insertion.insert(this.#db, values);
  }
}
