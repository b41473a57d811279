import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { compileLiteral } from '../../../compile-literal.ts';

/** Statements in each of the two generations of a connection. */
const GENERATION_STATEMENTS = 128;

/**
 * One SQLite connection and its prepared statements, of which those used recently are kept. The columns of tables must not change
 * while the connection is open.
 */
export class Statements {
  readonly #database: DatabaseSync;
  #young = new Map<string, PreparedStatement>();
  /** Statements that were not used since the young generation began. */
  #old = new Map<string, PreparedStatement>();
  #isDamaged = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** True once a part of the file turned out to be damaged. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Call after another connection to the file has found damage. */
  noteDamage(): void {
    this.#isDamaged = true;
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#noting(() => this.#statement(sql).get(values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#noting(() => this.#statement(sql).all(values) as Row[]);
  }

  /** The first column of each row: for lists of ids and of numbers. */
  column<Value>(sql: string, ...values: SQLInputValue[]): Value[] {
    return this.#noting(() => this.#statement(sql).column(values) as Value[]);
  }

  /** Rows, read lazily; an error during iteration is not noted as damage. */
  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    // A new statement: another use of the cached one would end the iteration.
    return new PreparedStatement(this.#database, sql).iterate(values) as Iterable<Row>;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#noting(() => this.#statement(sql).run(values));
  }

  /** Inserts one row, and returns its rowid. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    return this.#noting(() => this.#statement(sql).insert(values));
  }

  /** Runs several statements that are needed once. */
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
    const known = this.#young.get(sql);
    if (known) return known;
    if (this.#young.size === GENERATION_STATEMENTS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    const statement = this.#old.get(sql) ?? new PreparedStatement(this.#database, sql);
    this.#young.set(sql, statement);
    return statement;
  }
}

type Values = readonly SQLOutputValue[];
type RowMaker = (values: Values) => unknown;

/**
 * Reads rows from SQLite as arrays. V8 keeps the objects of node:sqlite in dictionary mode, in which objects are
 * slower to create, and their members slower to read.
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

  insert(values: SQLInputValue[]): number {
    return Number(this.#statement.run(...values).lastInsertRowid);
  }

  #rows(values: SQLInputValue[]): Values[] {
    return this.#statement.all(...values) as unknown[] as Values[];
  }

  get #makeRow(): RowMaker {
    this.#rowOf ??= rowMakerOf(this.#statement.columns().map(({ name }) => name));
    return this.#rowOf;
  }
}

/** By column names: all statements of this program have few combinations of them. */
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
