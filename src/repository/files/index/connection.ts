import { lstatSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { isPlainDatabase } from '../disk/database-file.ts';
import { Statements } from './statements.ts';
import { WriteBehind } from './write-behind.ts';

/**
 * Pages of the WAL (32 MiB) at which SQLite checkpoints by itself on the committing thread, when checkpoints
 * are left to SQLite.
 */
const CHECKPOINT_PAGES = 8_192;
/**
 * Bytes to which the WAL file is truncated when the WAL begins anew. A long read makes the file grow beyond
 * this size.
 */
const KEPT_WAL_BYTES = 64 * 1024 * 1024;

/** Queries of the tables as they are. */
export type Queries = Pick<Statements, 'get' | 'all' | 'column' | 'iterate'>;

/** A connection to the index's SQLite database: its statements and its transactions. Used only in this folder. */
export class IndexConnection {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  /** Identifies the file; null if the database is in memory. */
  readonly #file: string | null;
  /** The transactions of this connection. */
  readonly behind: WriteBehind;
  /** For rows that are never pending. */
  readonly written: Queries;
  /** The index is being built: its tables begin empty, and nothing reads them before they are flushed. */
  filling = false;

  /** `lost` is called when pending rows had to be given up. */
  constructor(database: DatabaseSync, lost: () => void) {
    this.#database = database;
    this.#statements = new Statements(database);
    const path = database.location();
    this.#file = path === null ? null : identityOf(path);
    const behind = new WriteBehind(this.#statements, lost);
    this.behind = behind;
    this.written = {
      get: (sql, ...values) => behind.asking((statements) => statements.get(sql, ...values)),
      all: (sql, ...values) => behind.asking((statements) => statements.all(sql, ...values)),
      column: (sql, ...values) => behind.asking((statements) => statements.column(sql, ...values)),
      iterate: (sql, ...values) => behind.asking((statements) => statements.iterate(sql, ...values)),
    };
  }

  /** Writes pending rows to the tables, for one query that must see them. Other reads write nothing. */
  flushed(): Queries {
    this.behind.flush();
    return this.written;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.behind.writing((statements) => statements.run(sql, ...values));
  }

  /** Runs several statements that are needed once. */
  exec(sql: string): void {
    this.behind.writing((statements) => statements.exec(sql));
  }

  /** Runs a statement that concerns the connection instead of the tables, within or outside of a transaction. */
  configure(sql: string): void {
    this.#database.exec(sql);
  }

  // A commit need not reach the disk: the files still hold everything that the index loses. WAL mode keeps the
  // index consistent across a power cut.
  tuneForWriting(): void {
    this.configure('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768');
    // What is deleted is overwritten: a purge must not leave it in free pages.
    this.configure('PRAGMA secure_delete = ON');
    // The statement journal must not need room on the disk: see `WriteBehind`.
    this.configure('PRAGMA temp_store = MEMORY');
    this.configure(`PRAGMA journal_size_limit = ${KEPT_WAL_BYTES}`);
    this.leaveLog('to SQLite');
  }

  /** Chooses whether a thread or SQLite itself runs checkpoints. */
  leaveLog(to: 'to a thread' | 'to SQLite'): void {
    const pages = to === 'to SQLite' ? CHECKPOINT_PAGES : 0;
    this.configure(`PRAGMA wal_autocheckpoint = ${pages}`);
  }

  /** The database's file; null if it is in memory. */
  get path(): string | null {
    return this.#database.location();
  }

  /**
   * True if another connection can open the file: false if that was removed or replaced while this connection goes on with it, or
   * if the database is in memory.
   */
  get isInPlace(): boolean {
    return this.#file !== null && identityOf(this.path!) === this.#file && isPlainDatabase(this.path!);
  }

  /** True once a part of the file turned out to be damaged. */
  get isDamaged(): boolean {
    return this.#statements.isDamaged;
  }

  /** Call after another connection to the file has found damage. */
  noteDamage(): void {
    this.#statements.noteDamage();
  }

  close(): void {
    this.#database.close();
  }
}

/** The device and inode of a file; empty if it is gone. */
function identityOf(path: string): string {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.dev}:${stats.ino}` : '';
}
