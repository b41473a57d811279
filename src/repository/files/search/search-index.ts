import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { IndexedText } from '../../../model/search/tokens.ts';
import { makeDatabaseFile } from '../disk/database-file.ts';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import { openDatabase } from '../index/open-database.ts';
import { isSqliteError, Statements } from '../index/statements.ts';
import type { Document } from './documents.ts';
import { CONTENTS, type Family, WHOLES } from './families.ts';
import { PARTITIONS_TABLES, type Partition, Partitions, tableOf } from './partitions.ts';
import { RANKINGS_TABLE, Rankings } from './rankings.ts';

/** Increment with every change of the tables below, and of how text is split into tokens. */
const VERSION = 9;

/**
 * The full-text tables, one for each partition of a family (`families.ts`), are given the result of `indexedText`, so
 * that their own tokenizer needs to know only ASCII; they store no text. `scope` holds the session: for searches within
 * a few sessions, and to find a session's documents.
 * `documents.id` grows with time, and with the ordinals of a session. A document has the same id in both families.
 * `marks` tells copies (see `copyMark`), apart from `documents`, whose rows every search reads. `indexed` says how far a session's file
 * is indexed; a size of -1 means that all of it is to be indexed anew. `rolled_back` is the latest truncation
 * that was followed, 0 if there was none; Replacements of messages were followed up to the mutation
 * `replaced`, of that to the ordinal `replaced_through`. `moved` has the documents whose ids do not grow with the ordinals: those of
 * messages that another form gave a document anew.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  role INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (
  id INTEGER PRIMARY KEY,
  mark INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS copies ON marks (id) WHERE mark < 0;
CREATE TABLE IF NOT EXISTS moved (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS indexed (
  session INTEGER PRIMARY KEY,
  next_ordinal INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime REAL NOT NULL,
  rolled_back INTEGER NOT NULL,
  replaced INTEGER NOT NULL,
  replaced_through INTEGER NOT NULL
);
${PARTITIONS_TABLES}
${RANKINGS_TABLE}
`;

interface DocumentRow {
  readonly id: number;
  readonly ordinal: number;
  /** 1 if the id does not grow with the ordinal. */
  readonly isMoved: 0 | 1;
}

/** How far a session is indexed. */
export interface Mark {
  readonly session: number;
  readonly next_ordinal: number;
  readonly size: number;
  readonly mtime: number;
  readonly rolled_back: number;
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
  readonly #contents: Partitions;
  readonly #wholes: Partitions;
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
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.#database.exec(TABLES);
    this.#statements = new Statements(this.#database);
    this.#contents = new Partitions(this.#statements, CONTENTS);
    this.#wholes = new Partitions(this.#statements, WHOLES);
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
    const { session, next_ordinal, size, mtime, rolled_back, replaced, replaced_through } = mark;
    const values = [session, next_ordinal, size, mtime, rolled_back, replaced, replaced_through];
    this.run('INSERT OR REPLACE INTO indexed VALUES (?, ?, ?, ?, ?, ?, ?)', ...values);
  }

  /**
   * Marks sessions to be indexed anew, though their files look the same. The mark is stored, so that the next
   * start finishes the work if this process does not.
   */
  distrust(sessions: readonly number[]): void {
    this.run(DISTRUST, JSON.stringify(sessions));
  }

  /** Adds a message to these families. Returns the id of the document. */
  add(document: Document, families: readonly Family[]): number {
    const { session, ordinal, role, mark } = document;
    const sql = 'INSERT INTO documents (session, ordinal, role) VALUES (?, ?, ?)';
    const id = this.#statements.insert(sql, session, ordinal, role);
    this.run('INSERT INTO marks VALUES (?, ?)', id, mark);
    for (const family of families) this.#addTo(family, id, document);
    return id;
  }

  /** The ids of the documents of some of a session's messages, by their ordinals. */
  idsOf(session: number, ordinals: ReadonlySet<number>): ReadonlyMap<number, number> {
    const least = Math.min(...ordinals);
    const ids = new Map<number, number>();
    for (const partitions of [this.#contents, this.#wholes]) {
      for (const { id, ordinal, isMoved } of this.#documentsOf(session, partitions)) {
        if (ordinals.has(ordinal)) ids.set(ordinal, id);
        if ((ordinal <= least && !isMoved) || ids.size === ordinals.size) break;
      }
    }
    return ids;
  }

  /** Puts another form in the place of the document `id`, or of none. Without families, the message has no document afterwards. */
  replace(id: number | undefined, document: Document, families: readonly Family[]): void {
    const isKept =
      id !== undefined && families.length > 0 && families.every((family) => this.#partitions(family).of(id));
    if (!isKept) {
      if (id !== undefined) this.#removeDocument(id);
      if (families.length > 0) this.run('INSERT INTO moved VALUES (?)', this.add(document, families));
      return;
    }
    this.#removeTexts(id);
    this.run('UPDATE documents SET role = ? WHERE id = ?', document.role, id);
    this.run('UPDATE marks SET mark = ? WHERE id = ?', document.mark, id);
    for (const family of families) this.#addTo(family, id, document, this.#partitions(family).of(id));
  }

  #partitions(family: Family): Partitions {
    return family === CONTENTS ? this.#contents : this.#wholes;
  }

  /** Without `partition`: as a new document. */
  #addTo(family: Family, id: number, { session, texts }: Document, partition?: Partition): void {
    const values: string[] = [];
    let bytes = 0;
    for (const field of family.fields) {
      const { body, parts } = texts[field] ?? NO_TEXT;
      values.push(body, parts);
      bytes += body.length + parts.length;
    }
    const table = tableOf(partition ?? this.#partitions(family).forNew(id, bytes));
    this.run(insertionInto(table, family), id, ...values, scopeOf(session));
  }

  /**
   * Removes a session's messages from an ordinal on, except those in `kept`: at most `limit` of them, the newest.
   * Returns true if that was all.
   */
  remove(session: number, ordinal: number, limit: number, kept: ReadonlySet<number> = new Set()): boolean {
    const found = new Set<number>();
    for (const partitions of [this.#contents, this.#wholes]) {
      let ofFamily = 0;
      for (const document of this.#documentsOf(session, partitions)) {
        if ((document.ordinal < ordinal && !document.isMoved) || ofFamily > limit) break;
        if (document.ordinal < ordinal || kept.has(document.ordinal)) continue;
        found.add(document.id);
        ofFamily += 1;
      }
    }
    const newestFirst = [...found].sort((one, other) => other - one);
    for (const id of newestFirst.slice(0, limit)) this.#removeDocument(id);
    return found.size <= limit;
  }

  #removeDocument(id: number): void {
    this.#removeTexts(id);
    for (const table of ['documents', 'marks', 'moved']) this.run(`DELETE FROM ${table} WHERE id = ?`, id);
  }

  #removeTexts(id: number): void {
    for (const partitions of [this.#contents, this.#wholes]) {
      const partition = partitions.of(id);
      if (partition) this.run(`DELETE FROM ${tableOf(partition)} WHERE rowid = ?`, id);
    }
  }

  /** A session's documents in a family, the newest first. */
  *#documentsOf(session: number, partitions: Partitions): Generator<DocumentRow> {
    for (const partition of partitions.all) {
      const table = tableOf(partition);
      yield* this.#statements.iterate<DocumentRow>(
        `SELECT d.id, d.ordinal, EXISTS (SELECT 1 FROM moved WHERE id = d.id) AS isMoved
          FROM ${table} JOIN documents d ON d.id = ${table}.rowid
          WHERE ${table} MATCH ? ORDER BY ${table}.rowid DESC`,
        `{scope} : "${scopeOf(session)}"`,
      );
    }
  }

  /** Removes at most `limit` messages of a session that is gone, or that is to be indexed anew. True: that was all. */
  forget(session: number, limit: number): boolean {
    // A session without a mark has no documents.
    if (!this.mark(session)) return true;
    const isAll = this.remove(session, 0, limit);
    if (isAll) this.run('DELETE FROM indexed WHERE session = ?', session);
    return isAll;
  }

  /** Runs `work`, all of it or nothing. */
  transaction(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.#contents.store();
      this.#wholes.store();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#contents.forget();
      this.#wholes.forget();
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#statements.run(sql, ...values);
  }

  close(): void {
    this.#database.close();
  }
}

const DISTRUST = 'UPDATE indexed SET size = -1 WHERE session IN (SELECT value FROM json_each(?))';

const NO_TEXT: IndexedText = { body: '', parts: '' };

function insertionInto(table: string, { columns }: Family): string {
  const values = columns.map(() => '?').join(', ');
  return `INSERT INTO ${table} (rowid, ${columns.join(', ')}, scope) VALUES (?, ${values}, ?)`;
}

export const searchIndexPath = (directory: string) => join(directory, 'search.db');

/** The token in `scope` of all messages of a session. */
export const scopeOf = (session: number) => `s${session}`;
