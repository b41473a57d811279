import type { ReadOptions } from '../../read-options.ts';
import type { Value } from './value.ts';

/** Runs statements, each with its parameters, and answers with the rows. */
export interface Queries {
  /**
   * Runs one statement. Each text is a constant of the program, since a prepared statement is found by its text. Cast each parameter: its
   * type is otherwise guessed from where it stands, and an ordinal of 2^53 - 1 is no int4. Plans are generic: name the homes of rows by
   * `home = $1::int8` or `home = ANY($1::int8[])`, where each is given once, so that no other partition is read.
   */
  rows<Row>(sql: string, values?: readonly Value[], options?: ReadOptions): Promise<Row[]>;
}

/** The statements of one transaction. They are sent at once, one behind the other, and answered in their order. */
export interface TransactionQueries extends Queries {
  /** Sends a statement whose answer is not needed. The transaction waits for it, and fails if the statement fails. */
  send(sql: string, values?: readonly Value[]): void;
}
