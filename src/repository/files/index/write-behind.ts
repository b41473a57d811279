import { Changes, type Kind, type PendingRows } from './pending-rows.ts';
import { isSqliteError, type Statements } from './statements.ts';

/** The most uncommitted rows: writing them takes some milliseconds. */
const UNCOMMITTED_ROWS_MAX = 768;
/** The most characters of uncommitted metadata and titles: they should fit into SQLite's own memory. */
const UNCOMMITTED_CHARACTERS_MAX = 2 * 1024 * 1024;

/**
 * The transactions of a connection whose commits need not reach the disk, because the files hold every
 * change.
 *
 * Pending rows (new sessions and updates, where a later update of a session replaces an earlier one) stay in
 * memory until a query needs the tables. They are then written in a transaction that stays open, which needs
 * no room on the disk. All rows are committed together. If the commit fails, they are pending again.
 */
export class WriteBehind {
  readonly #statements: Statements;
  readonly #lost: () => void;
  /** The rows of the transaction that is running. */
  #own: Changes | null = null;
  /** The running transaction has written to the tables. */
  #isInTables = false;
  /** Pending rows of finished transactions: not in the tables yet. */
  #waiting = new Changes();
  /** Rows in the tables that are not committed: written again if SQLite rolls them back. */
  #uncommitted = new Changes();
  #failure: unknown = null;
  #changes = 0;

  /** `lost` is called when pending rows were discarded, because the tables could not take them. */
  constructor(statements: Statements, lost: () => void) {
    this.#statements = statements;
    this.#lost = lost;
  }

  /** The number of rows that are not committed. */
  get rows(): number {
    return this.#waiting.rows + this.#uncommitted.rows;
  }

  /** True if it is time to commit. */
  get isFull(): boolean {
    return (
      this.rows >= UNCOMMITTED_ROWS_MAX ||
      this.#waiting.text + this.#uncommitted.text >= UNCOMMITTED_CHARACTERS_MAX
    );
  }

  /** Grows with each change of the rows that queries find. Unchanged: what was read before is still true. */
  get changes(): number {
    return this.#changes;
  }

  /** Call after another connection of this process has changed the tables. */
  noteChange(): void {
    this.#changes += 1;
  }

  /** The error for which pending rows were discarded; null if none were. */
  get failure(): unknown {
    return this.#failure;
  }

  /** A table's rows of the running transaction, to add more; null if a change must be written at once. */
  taking<Rows extends PendingRows>(kind: Kind<Rows>): Rows | null {
    // A transaction can change very many rows, for example when a large file is read again.
    if (this.#own && this.#own.rows >= UNCOMMITTED_ROWS_MAX) this.#bringIn();
    return this.#own?.of(kind) ?? null;
  }

  /** The first result of `find` among a table's pending rows; the running transaction's rows come first. */
  pending<Rows extends PendingRows, T>(kind: Kind<Rows>, find: (rows: Rows) => T | undefined): T | undefined {
    this.#noteRollback();
    for (const changes of [this.#own, this.#waiting]) {
      const rows = changes?.get(kind);
      const found = rows && find(rows);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Runs `work` in one transaction. Its direct writes to the tables are committed with all earlier changes. */
  transaction(work: () => void): void {
    this.#noteRollback();
    this.noteChange();
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

  /** Queries the tables, without pending rows. */
  asking<T>(ask: (statements: Statements) => T): T {
    this.#noteRollback();
    return this.#asking(ask);
  }

  /** Writes rows that cannot be pending; outside of a transaction, in a transaction of their own. */
  writing(write: (statements: Statements) => void): void {
    if (this.#own) this.#bringIn();
    else this.commit();
    this.noteChange();
    this.#asking(write);
  }

  /** Commits all finished transactions: other connections then see them. */
  commit(): void {
    if (this.rows === 0) return;
    this.flush();
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
      // Even a query can end the transaction or make it unusable: if memory or the disk space for its sort runs
      // out, or a part of the disk cannot be read.
      if (!this.#own && this.#uncommitted.rows > 0) this.#rollBack();
      throw error;
    }
  }

  /** Writes pending rows to the tables, for queries that must see them. Discards rows that the tables cannot take. */
  flush(): void {
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

  /** Discards pending rows that the tables cannot take, so that other queries still succeed. */
  #giveUp(error: unknown): void {
    this.#failure = error;
    this.noteChange();
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

  /** Detects a rollback by SQLite itself. */
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
