import type { SQLInputValue } from 'node:sqlite';
import type { AppliedOperation } from '../session-state.ts';
import { INTO_MESSAGES } from './messages-table.ts';
import { INTO_OPERATIONS, operationValues } from './operations-table.ts';
import { INTO_SESSIONS, UPDATE_SESSION } from './sessions-table.ts';
import { isSqliteError, type Statements } from './statements.ts';
import { INTO_TERMS } from './terms-table.ts';

/** Rows that wait, at most: to write them takes some milliseconds. */
const MOST_ROWS = 768;
/** As which a new session counts: it goes into many indexes. */
const ROWS_OF_NEW = 4;
/** Characters of metadata and titles that wait, at most: what is not committed is to stay in SQLite's own memory. */
const MOST_TEXT = 2 * 1024 * 1024;

/** Rows that are known and have yet to be written. */
export class Changes {
  /** The values of new ones by their ids, in the order in which they came: a child after its parent. */
  readonly #new = new Map<string, readonly SQLInputValue[]>();
  /** What has become of others, and of those since. */
  readonly #sessions = new Map<number, readonly SQLInputValue[]>();
  /** The values of one row after the other. */
  readonly #terms: SQLInputValue[] = [];
  readonly #messages: SQLInputValue[] = [];
  readonly #operations = new Map<string, AppliedOperation>();
  #text = 0;

  get rows(): number {
    return (
      this.#new.size * ROWS_OF_NEW +
      this.#sessions.size +
      this.#terms.length / INTO_TERMS.columns +
      this.#messages.length / INTO_MESSAGES.columns +
      this.#operations.size
    );
  }

  get text(): number {
    return this.#text;
  }

  /** `values` are those of `INTO_SESSIONS`, with so many characters of text. */
  addSession(id: string, values: readonly SQLInputValue[], text: number): void {
    this.#new.set(id, values);
    this.#text += text;
  }

  /** Is it one of those that were added? */
  hasSession(id: string): boolean {
    return this.#new.has(id);
  }

  /** `values` are those of `UPDATE_SESSION`, with so many characters of text: they take the place of earlier ones. */
  updateSession(sequence: number, values: readonly SQLInputValue[], text: number): void {
    this.#sessions.set(sequence, values);
    this.#text += text;
  }

  /** `values` are those of one row after the other. */
  addTerms(values: readonly SQLInputValue[]): void {
    for (const value of values) this.#terms.push(value);
  }

  /** `values` are those of one row after the other. */
  addMessages(values: readonly SQLInputValue[]): void {
    for (const value of values) this.#messages.push(value);
  }

  addOperation(operation: AppliedOperation): void {
    this.#operations.set(operation.id, operation);
  }

  /** One of those that were added. */
  operation(id: string): AppliedOperation | undefined {
    return this.#operations.get(id);
  }

  /** Those that came after. */
  add(later: Changes): void {
    for (const [id, values] of later.#new) this.#new.set(id, values);
    for (const [sequence, values] of later.#sessions) this.#sessions.set(sequence, values);
    this.addTerms(later.#terms);
    this.addMessages(later.#messages);
    for (const operation of later.#operations.values()) this.addOperation(operation);
    this.#text += later.#text;
  }

  /** To be called within a transaction. */
  write(statements: Statements): void {
    INTO_SESSIONS.insert(statements, [...this.#new.values()].flat());
    INTO_TERMS.insert(statements, this.#terms);
    for (const values of this.#sessions.values()) statements.run(UPDATE_SESSION, ...values);
    INTO_MESSAGES.insert(statements, this.#messages);
    for (const operation of this.#operations.values())
      statements.run(INTO_OPERATIONS, ...operationValues(operation));
  }
}

/**
 * The transactions of a connection whose changes need not be on the disk to count: the files have them. New sessions wait in memory,
 * and changes of sessions, where later ones of the same session take their place, until somebody asks the tables; then they go into a
 * transaction that stays open, which needs no room on the disk; and they are committed together. Where that fails, they wait again.
 */
export class WriteBehind {
  readonly #statements: Statements;
  readonly #lost: () => void;
  /** Of the transaction that is being run. */
  #own: Changes | null = null;
  /** The transaction that is being run has come to the tables. */
  #isInTables = false;
  /** Of those that were run, and are not in the tables. */
  #waiting = new Changes();
  /** Those in the tables that are not committed: written again, should SQLite roll them back. */
  #uncommitted = new Changes();
  #failure: unknown = null;

  /** `lost` is called when what waited had to be given up: the tables are behind then. */
  constructor(statements: Statements, lost: () => void) {
    this.#statements = statements;
    this.#lost = lost;
  }

  /** Rows that are not committed. */
  get rows(): number {
    return this.#waiting.rows + this.#uncommitted.rows;
  }

  /** It is time to commit. */
  get isFull(): boolean {
    return this.rows >= MOST_ROWS || this.#waiting.text + this.#uncommitted.text >= MOST_TEXT;
  }

  /** Why what waited was given up, if it was. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Where a change may wait; null where it must be written at once. */
  get changes(): Changes | null {
    // One transaction may change very much, as where a large file is read again.
    if (this.#own && this.#own.rows >= MOST_ROWS) this.#bringIn();
    return this.#own;
  }

  /** An operation that is not in the tables yet. */
  operation(id: string): AppliedOperation | undefined {
    this.#noteRollback();
    return this.#own?.operation(id) ?? this.#waiting.operation(id);
  }

  /** Is it a session that is not in the tables yet? */
  hasSession(id: string): boolean {
    this.#noteRollback();
    return this.#own?.hasSession(id) || this.#waiting.hasSession(id);
  }

  /** Runs `work`, all of it or nothing. What it does to the tables itself is committed with all that came before. */
  transaction(work: () => void): void {
    this.#noteRollback();
    const own = new Changes();
    this.#own = own;
    this.#isInTables = false;
    try {
      work();
      if (this.#isInTables) {
        this.#bringIn();
        this.#commit();
      } else this.#waiting.add(own);
    } catch (error) {
      if (this.#isInTables) this.#rollBack();
      throw error;
    } finally {
      this.#own = null;
    }
  }

  /** Asks the tables: they hold all that is known then. */
  reading<T>(ask: (statements: Statements) => T): T {
    this.#bringInOrGiveUp();
    return this.#asking(ask);
  }

  /** Asks the tables for what is known not to wait. */
  readingWritten<T>(ask: (statements: Statements) => T): T {
    this.#noteRollback();
    return this.#asking(ask);
  }

  /** Writes anything else; outside of a transaction, that is one by itself. */
  writing(write: (statements: Statements) => void): void {
    if (this.#own) this.#bringIn();
    else this.commit();
    this.#asking(write);
  }

  /** Commits all that was run: other connections see it then. */
  commit(): void {
    if (this.rows === 0) return;
    this.#bringInOrGiveUp();
    try {
      if (this.#statements.isTransaction) this.#commit();
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #asking<T>(ask: (statements: Statements) => T): T {
    try {
      return ask(this.#statements);
    } catch (error) {
      // For want of memory or of room for what it sorts, and where a part of the disk cannot be read, even a question can end the
      // transaction, or leave it fit for nothing else.
      if (!this.#own && this.#uncommitted.rows > 0) this.#rollBack();
      throw error;
    }
  }

  #bringInOrGiveUp(): void {
    if (this.#own) {
      this.#bringIn();
      return;
    }
    for (const isLastTry of [false, true]) {
      try {
        this.#bringIn();
        return;
      } catch (error) {
        if (isForLater(error)) throw error;
        if (isLastTry) this.#giveUp(error);
      }
    }
  }

  /** The tables cannot take in what waits: whoever asks for anything else is to be answered all the same. */
  #giveUp(error: unknown): void {
    this.#failure = error;
    this.#waiting = new Changes();
    this.#lost();
  }

  #bringIn(): void {
    this.#noteRollback();
    const own = this.#own;
    if (own && this.#isInTables && !this.#statements.isTransaction)
      throw new Error('A transaction went on after SQLite had ended it.');
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

  #commit(): void {
    this.#statements.run('COMMIT');
    this.#uncommitted = new Changes();
  }

  /** Whatever it was that made SQLite roll back by itself. */
  #noteRollback(): void {
    if (!this.#own && this.#uncommitted.rows > 0 && !this.#statements.isTransaction) this.#rollBack();
  }

  #rollBack(): void {
    if (this.#statements.isTransaction) this.#statements.run('ROLLBACK');
    this.#uncommitted.add(this.#waiting);
    this.#waiting = this.#uncommitted;
    this.#uncommitted = new Changes();
  }
}

/** SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM and SQLITE_FULL. */
const FOR_LATER = new Set([5, 6, 7, 13]);

function isForLater(error: unknown): boolean {
  return !isSqliteError(error) || FOR_LATER.has(error.errcode & 0xff);
}
