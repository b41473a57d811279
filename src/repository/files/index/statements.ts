import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

type Values = readonly SQLOutputValue[];

interface Prepared {
  readonly statement: StatementSync;
  /** An object of the values of a row. */
  rowOf(values: Values): unknown;
}

/** One connection to SQLite, with its statements prepared once. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();
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
    return this.#noting(() => {
      const { statement, rowOf } = this.#prepare(sql);
      const found = statement.get(...values) as Values | undefined;
      return found && (rowOf(found) as Row);
    });
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#noting(() => {
      const { statement, rowOf } = this.#prepare(sql);
      return arraysOf(statement.all(...values)).map((found) => rowOf(found) as Row);
    });
  }

  /** The first value of each row. */
  column<Value>(sql: string, ...values: SQLInputValue[]): Value[] {
    return this.#noting(() =>
      arraysOf(this.#prepare(sql).statement.all(...values)).map(([value]) => value as Value),
    );
  }

  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    // Not the shared statement: another use of it would end the iteration.
    const { statement, rowOf } = prepared(this.#database, sql);
    return statement.iterate(...values).map((found) => rowOf(found as unknown as Values) as Row);
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#noting(() => this.#prepare(sql).statement.run(...values));
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

  #prepare(sql: string): Prepared {
    let one = this.#prepared.get(sql);
    if (!one) {
      one = prepared(this.#database, sql);
      this.#prepared.set(sql, one);
    }
    return one;
  }
}

function prepared(database: DatabaseSync, sql: string): Prepared {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return { statement, rowOf: rowMaker(statement.columns().map(({ name }) => name)) };
}

const arraysOf = (rows: unknown[]): Values[] => rows as Values[];

const makers = new Map<string, Prepared['rowOf']>();

/**
 * Makes rows of their values as a compiled literal does: those that node:sqlite makes are dictionaries to V8, which take longer to
 * make, and each of their members longer to read.
 */
function rowMaker(columns: readonly string[]): Prepared['rowOf'] {
  const members = columns.map((name, n) => `${JSON.stringify(name)}: values[${n}]`).join(', ');
  const known = makers.get(members);
  if (known) return known;
  const maker = new Function('values', `return { ${members} };`) as Prepared['rowOf'];
  makers.set(members, maker);
  return maker;
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = new Set([11, 26]);

export function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR';
}
