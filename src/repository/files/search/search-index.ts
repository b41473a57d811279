import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { makeDatabaseFile } from '../disk/database-file.ts';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import { openDatabase } from '../index/open-database.ts';
import { isSqliteError, Statements } from '../index/statements.ts';
import { DOCUMENTS_TABLES, DocumentTables } from './document-tables.ts';
import { PARTITIONS_TABLES } from './partitions.ts';
import { RANKINGS_TABLE, Rankings } from './rankings.ts';

/**
 * Increment with every change of the tables below and of those that they include, of how text is split into tokens, and where an index may
 * lack or keep what it should not.
 */
const VERSION = 11;

/**
 * `indexed` says how far a session's file is indexed; a size of -1 means that all of it is to be indexed anew. `last_ordinal` is that of the
 * last indexed message, -1 if there is none: if that message has left the history, a rollback is to be followed. Replacements of messages
 * were followed up to the mutation `replaced`, of that to the ordinal `replaced_through`.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS indexed (
  session INTEGER PRIMARY KEY,
  next_ordinal INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime REAL NOT NULL,
  last_ordinal INTEGER NOT NULL,
  replaced INTEGER NOT NULL,
  replaced_through INTEGER NOT NULL
);
${DOCUMENTS_TABLES}
${PARTITIONS_TABLES}
${RANKINGS_TABLE}
`;

/** How far a session is indexed. */
export interface Mark {
  readonly session: number;
  readonly next_ordinal: number;
  readonly size: number;
  readonly mtime: number;
  readonly last_ordinal: number;
  readonly replaced: number;
  readonly replaced_through: number;
}

/**
 * Pages of the WAL (32 MiB) at which SQLite checkpoints: a page written many times in between is copied into
 * the file once.
 */
const CHECKPOINT_PAGES = 8_192;

/**
 * The full-text index, in a database of its own. It is a cache: what it lacks is read from the files again.
 */
export class SearchIndex {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly documents: DocumentTables;
  readonly rankings: Rankings;

  /** `store` is the store's id: an index of another store, or of another version, is discarded. */
  static open(path: string, store: string): SearchIndex {
    try {
      const index = new SearchIndex(path);
      if (index.#meta('version') === undefined) index.#begin(store);
      if (index.#meta('version') === VERSION && index.#meta('store') === store) return index;
      index.close();
    } catch (error) {
      if (!isSqliteError(error) && !isFaultOfOneFile(error)) throw error;
    }
    SearchIndex.remove(path);
    const index = new SearchIndex(path);
    index.#begin(store);
    return index;
  }

  /** As `distrust`, for an index that no process has open. False if the index cannot be written. */
  static distrustClosed(path: string, sessions: readonly number[]): boolean {
    if (sessions.length === 0 || !existsSync(path)) return true;
    try {
      const database = openDatabase(path);
      try {
        database.prepare(DISTRUST).run(JSON.stringify(sessions));
      } finally {
        database.close();
      }
      return true;
    } catch (error) {
      if (!isSqliteError(error) && !isFaultOfOneFile(error)) throw error;
      return false;
    }
  }

  /** Removes the files of the index, or what is in their place, unless that is a folder. */
  static remove(path: string): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  }

  private constructor(path: string) {
    makeDatabaseFile(path);
    this.#database = openDatabase(path);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384');
    // What is deleted is overwritten: a redaction must not leave it in free pages.
    this.#database.exec('PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY');
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.#database.exec(TABLES);
    this.#statements = new Statements(this.#database);
    this.documents = new DocumentTables(this.#statements);
    this.rankings = new Rankings(this.#statements);
  }

  #begin(store: string): void {
    this.run("INSERT INTO meta VALUES ('version', ?), ('store', ?)", VERSION, store);
  }

  #meta(key: string): unknown {
    return this.#statements.get<{ value: unknown }>('SELECT value FROM meta WHERE key = ?', key)?.value;
  }

  mark(session: number): Mark | undefined {
    return this.#statements.get('SELECT * FROM indexed WHERE session = ?', session);
  }

  marks(): Iterable<Mark> {
    return this.#statements.iterate('SELECT * FROM indexed');
  }

  setMark(mark: Mark): void {
    const { session, next_ordinal, size, mtime, last_ordinal, replaced, replaced_through } = mark;
    const values = [session, next_ordinal, size, mtime, last_ordinal, replaced, replaced_through];
    this.run('INSERT OR REPLACE INTO indexed VALUES (?, ?, ?, ?, ?, ?, ?)', ...values);
  }

  /**
   * Marks sessions to be indexed anew, though their files look the same. The mark is stored, so that the next
   * start finishes the work if this process does not.
   */
  distrust(sessions: readonly number[]): void {
    this.run(DISTRUST, JSON.stringify(sessions));
  }

  /** Removes at most `limit` messages of a session that is gone, or that is to be indexed anew. True: that was all. */
  forget(session: number, limit: number): boolean {
    // A session without a mark has no documents.
    if (!this.mark(session)) return true;
    const isAll = this.documents.remove(session, 0, limit);
    if (isAll) this.run('DELETE FROM indexed WHERE session = ?', session);
    return isAll;
  }

  /** Runs `work`, all of it or nothing. */
  transaction(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.documents.store();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.documents.forget();
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * Removes from the files what is left of texts that were removed: FTS5 keeps their words until it merges them with others, and the WAL
   * has pages as they were. Rejects with an UnscrubbedError if a long search keeps the WAL from being emptied.
   */
  async scrub(): Promise<void> {
    for (let table = this.documents.nextToMerge(); table; table = this.documents.nextToMerge()) {
      const { family, number } = table;
      // What FTS5 stores can be written only so. Versions of Node.js that lack the method do not forbid it.
      this.#database.enableDefensive?.(false);
      try {
        this.transaction(() => this.documents.merge({ family, number }));
      } finally {
        this.#database.enableDefensive?.(true);
      }
      await nextTurn();
    }
    for (let tries = 1; tries <= EMPTYING_TRIES; tries += 1) {
      const { busy } = this.#statements.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')!;
      if (busy === 0) return;
      await pause(EMPTYING_PAUSE_MS);
    }
    throw new UnscrubbedError('a search that takes long keeps earlier pages in use');
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#statements.run(sql, ...values);
  }

  close(): void {
    this.#database.close();
  }
}

/** The search index may still have texts that were removed. */
export class UnscrubbedError extends Error {
  override readonly name = 'UnscrubbedError';
}

/** Tries to empty the WAL, and the pause between two of them: together longer than a search takes. */
const EMPTYING_TRIES = 300;
const EMPTYING_PAUSE_MS = 50;

const DISTRUST = 'UPDATE indexed SET size = -1 WHERE session IN (SELECT value FROM json_each(?))';

export const searchIndexPath = (directory: string) => join(directory, 'search.db');
