import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Phrase } from '../../../model/search-text.ts';
import { isSqliteError, Statements } from '../index/statements.ts';

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
  readonly #statements: Statements;

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
    this.#statements = new Statements(this.#database);
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
    const newestFirst = this.#statements.iterate<{ id: number; ordinal: number }>(
      `SELECT d.id, d.ordinal FROM texts JOIN documents d ON d.id = texts.rowid
        WHERE texts MATCH ? ORDER BY texts.rowid DESC`,
      `{scope} : "${scopeOf(session)}"`,
    );
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
    const [last] = this.#statements.column<number | null>('SELECT max(id) FROM documents');
    const upTo = through ?? last ?? 0;
    if (phrases.length === 0 || within?.length === 0) return { hits: [], hasMore: false, through: upTo };
    const few = within !== null && within.length <= FEW_SESSIONS;
    const values: SQLInputValue[] = [matchOf(phrases, few ? within : null), upTo];
    const conditions = ['texts MATCH ?', 'texts.rowid <= ?'];
    if (within && !few) {
      conditions.push('d.session IN (SELECT value FROM json_each(?))');
      values.push(JSON.stringify(within));
    }
    if (roles) {
      conditions.push('d.role IN (SELECT value FROM json_each(?))');
      values.push(JSON.stringify(roles));
    }
    // To look up the document of each match takes a third of the time: where none is asked about, only those of the page are.
    const documents = conditions.length > 2 ? 'JOIN documents d ON d.id = texts.rowid' : '';
    const matches = `SELECT texts.rowid AS id, bm25(texts, 1.0, 0.0) AS score FROM texts ${documents}
      WHERE ${conditions.join(' AND ')} ORDER BY texts.rowid DESC LIMIT ${RANKED}`;
    const page = `SELECT id, score FROM (${matches}) ORDER BY score, id DESC LIMIT ? OFFSET ?`;
    const found = this.#statements.all<Hit>(
      `SELECT d.session, d.ordinal FROM (${page}) JOIN documents d USING (id) ORDER BY score, id DESC`,
      ...values,
      limit + 1,
      offset,
    );
    return { hits: found.slice(0, limit), hasMore: found.length > limit, through: upTo };
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
    this.#statements.run(sql, ...values);
  }

  close(): void {
    this.#database.close();
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
