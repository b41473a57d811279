import type { Value } from '../connection/value.ts';

/** The columns of a table, each with its type in SQL. */
export type Columns<Row> = { readonly [Column in keyof Row & string]: string };

/** A statement that takes rows as one array for each column. */
export interface RowsStatement<Row> {
  readonly sql: string;
  /** The values for these rows. */
  readonly values: (rows: readonly Row[]) => Value[];
}

/** Inserts rows. `more` follows the SELECT: ON CONFLICT or RETURNING. */
export function insertRows<Row>(table: string, columns: Columns<Row>, more = ''): RowsStatement<Row> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  return {
    sql: `INSERT INTO ${table} (${names.join(', ')}) SELECT * FROM ${unnested(columns)} ${more}`,
    values: columnsOf(names),
  };
}

/**
 * A statement around a table of rows. `sql` gets it as a FROM item to name with AS, whose columns have their names, and the array of all
 * `homes` in it, to name those of the table that is joined.
 */
export function withRows<Row extends { readonly home: number }>(
  columns: Columns<Row>,
  sql: (rows: string, homes: string) => string,
): RowsStatement<Row> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const values = columnsOf(names);
  return {
    sql: sql(tableOf(columns), `$${names.length + 1}::int8[]`),
    values: (rows) => [...values(rows), [...new Set(rows.map(({ home }) => home))]],
  };
}

/** As `withRows`, for rows that are joined with none that are there. */
export function withNewRows<Row>(columns: Columns<Row>, sql: (rows: string) => string): RowsStatement<Row> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  return { sql: sql(tableOf(columns)), values: columnsOf(names) };
}

/** The rows as a FROM item to name with AS. */
function tableOf<Row>(columns: Columns<Row>): string {
  return `(SELECT * FROM ${unnested(columns)} AS given (${Object.keys(columns).join(', ')}))`;
}

function unnested<Row>(columns: Columns<Row>): string {
  const types = Object.values<string>(columns);
  return `unnest(${types.map((type, n) => `$${n + 1}::${type}[]`).join(', ')})`;
}

function columnsOf<Row>(names: readonly (keyof Row & string)[]) {
  return (rows: readonly Row[]): Value[] =>
    names.map((name) => rows.map((row) => row[name] as string | number | boolean | null | Buffer));
}
