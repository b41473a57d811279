import type { SQLInputValue } from 'node:sqlite';
import type { RowInsertion } from './row-insertion.ts';
import type { Statements } from './statements.ts';

/**
 * Rows of one table that are not written yet. Only the table uses the class, to add rows and to find them
 * again.
 */
export interface PendingRows {
  /** The number of rows, each weighted by the time that writing it takes. */
  readonly rows: number;
  /** Characters in columns that can be long. */
  readonly text: number;
  /** Adds the rows of `later`, which came after these. */
  add(later: this): void;
  /** Call within a transaction. */
  write(statements: Pick<Statements, 'run'>): void;
}

/** The class of one table's rows, which serves as their key. */
export type Kind<Rows extends PendingRows> = new () => Rows;

/** The pending rows of all tables that belong together. */
export class Changes {
  /** Few, and iterated at each change: an array is faster than a Map. */
  readonly #entries: { readonly kind: Kind<PendingRows>; readonly rows: PendingRows }[] = [];

  get rows(): number {
    let sum = 0;
    for (const { rows } of this.#entries) sum += rows.rows;
    return sum;
  }

  get text(): number {
    let sum = 0;
    for (const { rows } of this.#entries) sum += rows.text;
    return sum;
  }

  /** One table's rows, if it has any. */
  get<Rows extends PendingRows>(kind: Kind<Rows>): Rows | undefined {
    for (const entry of this.#entries) if (entry.kind === kind) return entry.rows as Rows;
    return undefined;
  }

  /** One table's rows, to add more. */
  of<Rows extends PendingRows>(kind: Kind<Rows>): Rows {
    const known = this.get(kind);
    if (known) return known;
    const rows = new kind();
    this.#entries.push({ kind, rows });
    return rows;
  }

  /** Adds the rows of `later`, which came after these and is not used afterwards. */
  add(later: Changes): void {
    for (const entry of later.#entries) {
      const known = this.get(entry.kind);
      if (known) known.add(entry.rows);
      else this.#entries.push(entry);
    }
  }

  /** Call within a transaction. */
  write(statements: Statements): void {
    for (const { rows } of this.#entries) rows.write(statements);
  }
}

/** Rows to insert, in one flat array: the values of one row after the other. */
export abstract class PendingInserts implements PendingRows {
  readonly #values: SQLInputValue[] = [];
  readonly #insertion: RowInsertion;
  readonly text = 0;

  constructor(insertion: RowInsertion) {
    this.#insertion = insertion;
  }

  get rows(): number {
    return this.#values.length / this.#insertion.columns;
  }

  push(values: readonly SQLInputValue[]): void {
    for (const value of values) this.#values.push(value);
  }

  add(later: this): void {
    this.push(later.#values);
  }

  write(statements: Pick<Statements, 'run'>): void {
    this.#insertion.insert(statements, this.#values);
  }
}
