import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** One connection to SQLite, with its statements prepared once. */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  readonly #preparedForArrays = new Map<string, StatementSync>();
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
    return this.#noting(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#noting(() => this.#statement(sql).all(...values) as Row[]);
  }

  /** The first value of each row: of lists of ids and numbers, in half the time that `all` makes objects of them. */
  column<Value>(sql: string, ...values: SQLInputValue[]): Value[] {
    return this.#noting(() => {
      const rows = this.#statement(sql, { asArrays: true }).all(...values) as unknown as [Value][];
      return rows.map(([value]) => value);
    });
  }

  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    // Not the shared statement: another use of it would end the iteration.
    return this.#database.prepare(sql).iterate(...values) as Iterable<Row>;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#noting(() => this.#statement(sql).run(...values));
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

  #statement(sql: string, { asArrays = false } = {}): StatementSync {
    const prepared = asArrays ? this.#preparedForArrays : this.#prepared;
    let statement = prepared.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      statement.setReturnArrays(asArrays);
      prepared.set(sql, statement);
    }
    return statement;
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = new Set([11, 26]);

export function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR';
}
