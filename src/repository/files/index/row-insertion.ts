import type { SQLInputValue } from 'node:sqlite';
import type { Statements } from './statements.ts';

/** Rows in one INSERT, which takes half the time of as many single inserts. */
export const ROWS_AT_ONCE = 64;
/** Rows of each prepared statement, largest first. */
const BATCHES = [ROWS_AT_ONCE, 8, 4, 2, 1];

/** Inserts rows into a table, many of them in batches. */
export class RowInsertion {
  readonly columns: number;
  readonly #statements: readonly { readonly rows: number; readonly sql: string }[];

  /**
   * With `replacing`, a row takes the place of the one with the same primary key; with `overwriting`, only these columns of it do.
   */
  constructor(
    table: string,
    columns: number,
    { replacing = false, overwriting = [] }: { replacing?: boolean; overwriting?: readonly string[] } = {},
  ) {
    const row = `(${Array(columns).fill('?').join(', ')})`;
    const set = overwriting.map((column) => `${column} = excluded.${column}`).join(', ');
    const conflict = set && ` ON CONFLICT DO UPDATE SET ${set}`;
    this.columns = columns;
    this.#statements = BATCHES.map((rows) => ({
      rows,
      sql: `INSERT ${replacing ? 'OR REPLACE ' : ''}INTO ${table} VALUES ${Array(rows).fill(row).join(', ')}${conflict}`,
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
