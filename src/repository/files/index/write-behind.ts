import type { SQLInputValue } from 'node:sqlite';
import type { AppliedOperation } from '../session-state.ts';
import { INTO_MESSAGES } from './messages-table.ts';
import { INTO_OPERATIONS, operationValues } from './operations-table.ts';
import { UPDATE_SESSION } from './sessions-table.ts';
import type { Statements } from './statements.ts';

/** Rows that are known and have yet to be written. */
export class Changes {
  /** The values of `UPDATE_SESSION` by sequence numbers: the latest of each session. */
  readonly sessions = new Map<number, readonly SQLInputValue[]>();
  /** The values of one row after the other. */
  readonly messages: SQLInputValue[] = [];
  readonly operations = new Map<string, AppliedOperation>();

  get rows(): number {
    return this.sessions.size + this.messages.length / INTO_MESSAGES.columns + this.operations.size;
  }

  /** Those that came after. */
  add(later: Changes): void {
    for (const [sequence, values] of later.sessions) this.sessions.set(sequence, values);
    for (const value of later.messages) this.messages.push(value);
    for (const [id, operation] of later.operations) this.operations.set(id, operation);
  }

  write(statements: Statements): void {
    for (const values of this.sessions.values()) statements.run(UPDATE_SESSION, ...values);
    INTO_MESSAGES.insert(statements, this.messages);
    for (const operation of this.operations.values())
      statements.run(INTO_OPERATIONS, ...operationValues(operation));
  }
}

/**
 * The transactions of a connection whose changes need not be on the disk to count: the files have them. Those of sessions wait in
 * memory, where later ones of the same session take their place, until somebody asks the tables; then they go into a transaction
 * that stays open, which needs no room on the disk; and they are committed together. Where that fails, they wait again.
 */
export class WriteBehind {
  readonly #statements: Statements;
  /** Of the transaction that is being run. */
  #own: Changes | null = null;
  /** The transaction that is being run has come to the tables. */
  #isInTables = false;
  /** Of those that were run, and are not in the tables. */
  #waiting = new Changes();
  /** Those in the tables that are not committed: written again, should SQLite roll them back. */
  #uncommitted = new Changes();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Rows that are not committed. */
  get rows(): number {
    return this.#waiting.rows + this.#uncommitted.rows;
  }

  /** Where a change may wait; null where it must be written at once. */
  get changes(): Changes | null {
    return this.#own;
  }

  /** An operation that is not in the tables yet. */
  operation(id: string): AppliedOperation | undefined {
    return this.#own?.operations.get(id) ?? this.#waiting.operations.get(id);
  }

  /** Runs `work`, all of it or nothing. What it does to the tables itself is committed with all that came before. */
  transaction(work: () => void): void {
    const own = new Changes();
    this.#own = own;
    this.#isInTables = false;
    try {
      work();
      if (this.#isInTables) {
        this.beforeReading();
        this.#commit();
      } else this.#waiting.add(own);
    } catch (error) {
      if (this.#isInTables) this.#rollBack();
      throw error;
    } finally {
      this.#own = null;
    }
  }

  /** To be called before the tables are asked: they hold all that is known then. */
  beforeReading(): void {
    const own = this.#own;
    if (own) this.#isInTables = true;
    const nothing = this.#waiting.rows === 0 && (!own || (own.rows === 0 && this.#statements.isTransaction));
    if (nothing) return;
    try {
      if (!this.#statements.isTransaction) this.#statements.run('BEGIN');
      this.#waiting.write(this.#statements);
      this.#uncommitted.add(this.#waiting);
      this.#waiting = new Changes();
      if (own) {
        own.write(this.#statements);
        this.#own = new Changes();
      }
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** To be called before anything else is written: outside of a transaction, that is one by itself. */
  beforeWriting(): void {
    if (this.#own) this.beforeReading();
    else this.commit();
  }

  /** Commits all that was run: other connections see it then. */
  commit(): void {
    if (this.rows === 0) return;
    this.beforeReading();
    try {
      this.#commit();
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #commit(): void {
    this.#statements.run('COMMIT');
    this.#uncommitted = new Changes();
  }

  #rollBack(): void {
    // SQLite may have done so by itself, as for want of room.
    if (this.#statements.isTransaction) this.#statements.run('ROLLBACK');
    this.#uncommitted.add(this.#waiting);
    this.#waiting = this.#uncommitted;
    this.#uncommitted = new Changes();
  }
}
