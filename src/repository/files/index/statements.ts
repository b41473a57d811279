import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { compileLiteral } from '../../../compile-literal.ts';

/** One connection to SQLite, with its statements prepared once. Tables keep their columns as long as it is open. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, PreparedStatement>();
  #isDamaged = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** A part of the file turned out to be damaged. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#noting(() => this.#statement(sql).get(values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#noting(() => this.#statement(sql).all(values) as Row[]);
  }

  /** The first value of each row: for lists of ids and of numbers. */
  column<Value>(sql: string, ...values: SQLInputValue[]): Value[] {
    return this.#noting(() => this.#statement(sql).column(values) as Value[]);
  }

  /** Rows that are read as they are asked for; what goes wrong with that is not noted as damage. */
  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    // Not the shared statement: another use of it would end the iteration.
    return new PreparedStatement(this.#database, sql).iterate(values) as Iterable<Row>;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#noting(() => this.#statement(sql).run(values));
  }

  /** Several statements that are needed once. */
  exec(sql: string): void {
    this.#noting(() => this.#database.exec(sql));
  }

  #noting<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#isDamaged ||= isSqliteError(error) && DAMAGED.has(error.errcode & 0xff);
      throw error;
    }
  }

  #statement(sql: string): PreparedStatement {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = new PreparedStatement(this.#database, sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

type Values = readonly SQLOutputValue[];
type RowMaker = (values: Values) => unknown;

/**
 * Rows come out of SQLite as arrays. The objects that node:sqlite makes are dictionaries to V8: they take longer to make, and each of
 * their members longer to read.
 */
class PreparedStatement {
  readonly #statement: StatementSync;
  #rowOf: RowMaker | undefined;

  constructor(database: DatabaseSync, sql: string) {
    this.#statement = database.prepare(sql);
    this.#statement.setReturnArrays(true);
  }

  get(values: SQLInputValue[]): unknown {
    const row = this.#statement.get(...values) as Values | undefined;
    return row && this.#makeRow(row);
  }

  all(values: SQLInputValue[]): unknown[] {
    return this.#rows(values).map(this.#makeRow);
  }

  column(values: SQLInputValue[]): unknown[] {
    return this.#rows(values).map(([first]) => first);
  }

  iterate(values: SQLInputValue[]): Iterable<unknown> {
    const rows = this.#statement.iterate(...values) as NodeJS.Iterator<unknown> as IteratorObject<Values>;
    return rows.map(this.#makeRow);
  }

  run(values: SQLInputValue[]): void {
    this.#statement.run(...values);
  }

  #rows(values: SQLInputValue[]): Values[] {
    return this.#statement.all(...values) as unknown[] as Values[];
  }

  get #makeRow(): RowMaker {
    this.#rowOf ??= rowMakerOf(this.#statement.columns().map(({ name }) => name));
    return this.#rowOf;
  }
}

/** By the names of their columns, of which all statements of this program together have few. */
const rowMakers = new Map<string, RowMaker>();

function rowMakerOf(columns: readonly string[]): RowMaker {
  const key = JSON.stringify(columns);
  const maker =
    rowMakers.get(key) ??
    compileLiteral<RowMaker>({
      parameters: ['values'],
      members: columns.map((column, n) => [column, `values[${n}]`]),
    }) ??
    ((values) => Object.fromEntries(columns.map((column, n) => [column, values[n]])));
  rowMakers.set(key, maker);
  return maker;
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = new Set([11, 26]);

export function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR';
}
