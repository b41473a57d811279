import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Phrase } from '../../../model/search-text.ts';
import { isSqliteError } from '../index/statements.ts';

/** Changes with every change of the tables below, and of how text is cut into tokens. */
const VERSION = 4;

/**
 * `texts` is given what `asciiText` makes of a text, so that ASCII is all that its own tokenizer must know; it keeps no text.
 * `scope` holds the session: for searches within a few, and to find what it has. `documents.id` grows with time, and with the
 * ordinals of a session. `indexed` says how far a session's file was taken in.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  role INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS indexed (
  session INTEGER PRIMARY KEY,
  next_ordinal INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime REAL NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5 (
  body, scope, content = '', contentless_delete = 1, tokenize = 'ascii'
);
`;

/** So many matches, the newest, are ranked: a word that every second message holds must not cost a look at each. */
const RANKED = 10_000;
/** A search within no more sessions than this asks for each by name. */
const FEW_SESSIONS = 300;

/** How far a session was taken in. */
export interface Mark {
  readonly session: number;
  readonly next_ordinal: number;
  readonly size: number;
  readonly mtime: number;
}

export interface Hit {
  readonly session: number;
  readonly ordinal: number;
}

export interface Query {
  readonly phrases: readonly Phrase[];
  /** Sequence numbers of sessions; null: everywhere. */
  readonly within: readonly number[] | null;
  /** Places in `MESSAGE_ROLES`. */
  readonly roles: readonly number[] | null;
  readonly limit: number;
  readonly offset: number;
  readonly through: number | null;
}

/** Pages of its log (32 MiB) at which a checkpoint is made: what is written again and again in between goes into the file once. */
const CHECKPOINT_PAGES = 8_192;

/** The full-text index, in a database of its own. It is a cache: what it lacks is read from the files again. */
export class SearchIndex {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** `store` is the store's id: an index of another store, or of another version, is thrown away. */
  static open(path: string, store: string): SearchIndex {
    try {
      const index = new SearchIndex(path);
      if (index.#meta('version') === undefined) index.#begin(store);
      if (index.#meta('version') === VERSION && index.#meta('store') === store) return index;
      index.close();
    } catch (error) {
      if (!isSqliteError(error)) throw error;
    }
    SearchIndex.remove(path);
    const index = new SearchIndex(path);
    index.#begin(store);
    return index;
  }

  static remove(path: string): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  }

  private constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384');
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.#database.exec(TABLES);
  }

  #begin(store: string): void {
    this.run("INSERT INTO meta VALUES ('version', ?), ('store', ?)", VERSION, store);
  }

  #meta(key: string): unknown {
    return this.#prepared('SELECT value FROM meta WHERE key = ?').get(key)?.value;
  }

  mark(session: number): Mark | undefined {
    return this.#prepared('SELECT * FROM indexed WHERE session = ?').get(session) as Mark | undefined;
  }

  marks(): Iterable<Mark> {
    return this.#database.prepare('SELECT * FROM indexed').iterate() as Iterable<unknown> as Iterable<Mark>;
  }

  setMark({ session, next_ordinal, size, mtime }: Mark): void {
    this.run('INSERT OR REPLACE INTO indexed VALUES (?, ?, ?, ?)', session, next_ordinal, size, mtime);
  }

  add({ session, ordinal }: Hit, role: number, text: string): void {
    this.run('INSERT INTO documents (session, ordinal, role) VALUES (?, ?, ?)', session, ordinal, role);
    this.run(
      'INSERT INTO texts (rowid, body, scope) VALUES (last_insert_rowid(), ?, ?)',
      text,
      scopeOf(session),
    );
  }

  /** Takes out a session's messages from an ordinal on: those that are `kept` say which stay. */
  remove(session: number, ordinal: number, kept: ReadonlySet<number> = new Set()): void {
    const newestFirst = this.#prepared(
      `SELECT d.id, d.ordinal FROM texts JOIN documents d ON d.id = texts.rowid
        WHERE texts MATCH ? ORDER BY texts.rowid DESC`,
    ).iterate(`{scope} : "${scopeOf(session)}"`) as Iterable<unknown> as Iterable<{
      id: number;
      ordinal: number;
    }>;
    const removed: number[] = [];
    for (const row of newestFirst) {
      if (row.ordinal < ordinal) break;
      if (!kept.has(row.ordinal)) removed.push(row.id);
    }
    for (const id of removed) {
      this.run('DELETE FROM texts WHERE rowid = ?', id);
      this.run('DELETE FROM documents WHERE id = ?', id);
    }
  }

  /** A session that is gone, or is to be read anew. */
  forget(session: number): void {
    this.remove(session, 0);
    this.run('DELETE FROM indexed WHERE session = ?', session);
  }

  search({ phrases, within, roles, limit, offset, through }: Query) {
    const last = this.#prepared('SELECT max(id) AS id FROM documents').get() as { id: number | null };
    const upTo = through ?? last.id ?? 0;
    if (phrases.length === 0 || within?.length === 0) return { hits: [], hasMore: false, through: upTo };
    const few = within !== null && within.length <= FEW_SESSIONS;
    const values: SQLInputValue[] = [matchOf(phrases, few ? within : null), upTo];
    let where = 'texts MATCH ? AND texts.rowid <= ?';
    if (within && !few) {
      where += ' AND d.session IN (SELECT value FROM json_each(?))';
      values.push(JSON.stringify(within));
    }
    if (roles) {
      where += ' AND d.role IN (SELECT value FROM json_each(?))';
      values.push(JSON.stringify(roles));
    }
    const found = this.#prepared(
      `SELECT d.id, d.session, d.ordinal, bm25(texts, 1.0, 0.0) AS score FROM texts JOIN documents d ON d.id = texts.rowid
        WHERE ${where} ORDER BY texts.rowid DESC LIMIT ${RANKED}`,
    ).all(...values) as { id: number; session: number; ordinal: number; score: number }[];
    const ranked = found.sort((a, b) => a.score - b.score || b.id - a.id);
    const hits = ranked.slice(offset, offset + limit).map(({ session, ordinal }) => ({ session, ordinal }));
    return { hits, hasMore: ranked.length > offset + limit, through: upTo };
  }

  /** Runs `work`, all of it or nothing. */
  transaction(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#prepared(sql).run(...values);
  }

  close(): void {
    this.#database.close();
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

const scopeOf = (session: number) => `s${session}`;

/** In the language of FTS5. Tokens are letters and digits alone: nothing in them has a meaning there. */
function matchOf(phrases: readonly Phrase[], sessions: readonly number[] | null): string {
  const all = phrases.map(({ tokens, isPrefix }) => `"${tokens.join(' ')}"${isPrefix ? '*' : ''}`);
  const body = `{body} : (${all.join(' AND ')})`;
  return sessions
    ? `${body} AND {scope} : (${sessions.map((seq) => `"${scopeOf(seq)}"`).join(' OR ')})`
    : body;
}
