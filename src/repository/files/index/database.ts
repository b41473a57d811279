import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Pace, STRETCH } from '../pace.ts';
import { addJsonContains } from './json-contains.ts';
import { MessagesTable } from './messages-table.ts';
import { openForReading } from './open-for-reading.ts';
import { OperationsTable } from './operations-table.ts';
import { RecentRows } from './recent-rows.ts';
import * as schema from './schema.ts';
import { SessionsTable } from './sessions-table.ts';
import { isSqliteError, Statements } from './statements.ts';
import { TermsTable } from './terms-table.ts';
import { WriteBehind } from './write-behind.ts';

/** Bytes of memory for the sessions that were last asked for: some twenty thousand. */
const RECENT_ROWS = 32 * 1024 * 1024;

/** Pages of the log (32 MiB) at which SQLite takes it in by itself, on the thread that commits, where it is left to it. */
const CHECKPOINT_PAGES = 8_192;
/** Bytes of the log's file that stay when it begins anew. It grows past them where somebody reads for long. */
const LOG_FILE = 64 * 1024 * 1024;

/** Bytes of an index that is being built that are mapped into memory: all that SQLite can map. */
const MAPPED = 2 ** 31;

/** The index's SQLite database, with its statements prepared once. */
export class IndexDatabase {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  /** Its transactions. */
  readonly behind: WriteBehind;
  /** A transaction at pace is under way. */
  #busy: Promise<unknown> | null = null;
  /** Shared by what reads and what writes. */
  readonly recent: RecentRows;
  readonly sessions = new SessionsTable(this);
  readonly terms = new TermsTable(this);
  readonly messages = new MessagesTable(this);
  readonly operations = new OperationsTable(this);

  /** Spares each session a look into a table that is mostly empty. May be true where it is empty; false only there. */
  anyShapeChanges = true;
  /** It is being built: linked, indexed and said to be complete once all is in. */
  #filling = false;
  /** A file that it should hold could not be read. */
  #doubtful = false;

  private constructor(database: DatabaseSync, recentBytes: number) {
    this.#database = database;
    this.#statements = new Statements(database);
    this.behind = new WriteBehind(this.#statements, () => this.recent.clear());
    this.recent = new RecentRows(recentBytes);
    addJsonContains(database);
  }

  /** An empty one in memory: for programs that read beside the one that owns the directory. */
  static inMemory(): IndexDatabase {
    const index = new IndexDatabase(new DatabaseSync(':memory:'), 0);
    index.#beginFilling();
    return index;
  }

  /** An empty one in the file `path`, which must not be there. */
  static create(path: string): IndexDatabase {
    const index = new IndexDatabase(new DatabaseSync(path), RECENT_ROWS);
    // Built in one go, or built again: a rebuild that was cut short never says that it is complete.
    index.#database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -131072');
    // Each index is a walk through all sessions: mapped, their pages need not be copied. A page that the disk cannot read ends the
    // process then, and so it is mapped only until it is complete: the next start would begin anew.
    index.#database.exec(`PRAGMA mmap_size = ${MAPPED}`);
    index.#beginFilling();
    return index;
  }

  get filling(): boolean {
    return this.#filling;
  }

  /** The next start must not rely on it: a part of its file turned out to be damaged, or it does not hold all that is there. */
  get doubtful(): boolean {
    return this.#doubtful || this.#statements.isDamaged || this.behind.failure !== null;
  }

  /** It does not hold all that is there. */
  doubt(): void {
    this.#doubtful = true;
  }

  #beginFilling(): void {
    this.#database.exec(schema.TABLES);
    this.#filling = true;
    this.anyShapeChanges = false;
  }

  /** The one in the file `path`; null where there is none that can be used, or none of this version and this store. */
  static open(
    path: string,
    store: string,
    options: { readOnly: boolean; verify: boolean },
  ): IndexDatabase | null {
    let database: DatabaseSync | undefined;
    try {
      database = options.readOnly ? openForReading(path) : new DatabaseSync(path);
      // Beside another process that writes, nothing tells what changes.
      const index = new IndexDatabase(database, options.readOnly ? 0 : RECENT_ROWS);
      const sound =
        index.meta('version') === schema.INDEX_VERSION &&
        index.meta('store') === store &&
        index.meta('complete') === 1 &&
        (!options.verify || index.get<{ quick_check: string }>('PRAGMA quick_check')?.quick_check === 'ok');
      if (sound) {
        if (!options.readOnly) {
          index.#tuneForWriting();
          index.anyShapeChanges = index.get('SELECT 1 FROM shape_changes LIMIT 1') !== undefined;
        }
        return index;
      }
    } catch (error) {
      // No file, or a file that SQLite cannot read: either way it has to be built.
      if (!isSqliteError(error)) throw error;
    }
    database?.close();
    return null;
  }

  /** To be called where an index that is being filled is looked at: rows wait until many can go in together. */
  flush(): void {
    this.sessions.flush();
    this.messages.flush();
    this.terms.flush();
  }

  /** After a rebuild has filled the tables. `link` works out what depends on the shape of the trees. */
  complete(store: string, link: () => void): void {
    this.transaction(() => this.flush());
    this.sessions.filled();
    this.#database.exec(schema.TREE_INDEX);
    link();
    this.#database.exec(schema.INDEXES);
    this.#filling = false;
    this.setMeta('version', schema.INDEX_VERSION);
    this.setMeta('store', store);
    this.setMeta('complete', 1);
    this.#database.exec('PRAGMA mmap_size = 0');
    this.#tuneForWriting();
  }

  /** For the `IndexWriter`, which also tells what came of it. */
  relink(): void {
    // A session that comes after its parent takes its place from it, and is counted: where all have done so, there is nothing to work out.
    if (!this.#filling || this.get(schema.ANY_WITHOUT_PLACE)) {
      this.#exec(schema.PLACE);
      this.#exec(schema.COUNT_CHILDREN);
    }
    this.#exec(schema.COUNT_ALL);
    this.recent.clear();
  }

  // A commit need not reach the disk: what the index lost, the files still say. WAL keeps it whole across a power cut.
  #tuneForWriting(): void {
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768');
    // What a statement may have to take back must not need room on the disk: see `WriteBehind`.
    this.#database.exec('PRAGMA temp_store = MEMORY');
    this.#database.exec(`PRAGMA journal_size_limit = ${LOG_FILE}`);
    this.leaveLog('to SQLite');
  }

  /** Who takes in the log. */
  leaveLog(to: 'to a thread' | 'to SQLite'): void {
    const pages = to === 'to SQLite' ? CHECKPOINT_PAGES : 0;
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.behind.reading((statements) => statements.get<Row>(sql, ...values));
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.behind.reading((statements) => statements.all<Row>(sql, ...values));
  }

  /** The first value of each row: for lists of ids and of numbers. */
  column<Value>(sql: string, ...values: SQLInputValue[]): Value[] {
    return this.behind.reading((statements) => statements.column<Value>(sql, ...values));
  }

  /** Of what never waits: see `WriteBehind`. */
  getWritten<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.behind.readingWritten((statements) => statements.get<Row>(sql, ...values));
  }

  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.behind.reading((statements) => statements.iterate<Row>(sql, ...values));
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.behind.writing((statements) => statements.run(sql, ...values));
  }

  #exec(sql: string): void {
    this.behind.writing((statements) => statements.exec(sql));
  }

  meta(key: string): unknown {
    return this.get<{ value: unknown }>('SELECT value FROM meta WHERE key = ?', key)?.value;
  }

  setMeta(key: string, value: SQLInputValue): void {
    this.run('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', key, value);
  }

  /** Runs `work`, all of it or nothing. What it changes of sessions alone need not be committed at its end: see `WriteBehind`. */
  transaction(work: () => void): void {
    try {
      this.behind.transaction(work);
    } catch (error) {
      this.recent.clear();
      throw error;
    }
  }

  /**
   * Runs `work` on a connection of its own, resting where it yields, all of it or nothing: nobody sees any of it before its
   * end. The caller sees to it that nothing else is written meanwhile.
   */
  async transactionAtPace<T>(work: (index: IndexDatabase) => Iterator<void, T>): Promise<T> {
    const running = this.#atPace(work);
    this.#busy = running.catch(() => {});
    try {
      return await running;
    } finally {
      this.#busy = null;
    }
  }

  /** The same for what only reads: it sees one state of the index, whatever is written meanwhile. */
  async readAtPace<T>(work: (index: IndexDatabase) => Iterator<void, T>): Promise<T> {
    const path = this.#database.location();
    const own = path !== null && this.#isCommitted() ? new IndexDatabase(openForReading(path), 0) : this;
    // What is not committed can be rolled back, in the middle of a walk that rests.
    const mayRest = own !== this || path === null;
    const pace = new Pace(STRETCH);
    try {
      if (own !== this) own.#database.exec('BEGIN');
      const steps = work(own);
      let step = steps.next();
      for (; !step.done; step = steps.next()) if (mayRest && pace.isDue) await pace.rest();
      return step.value;
    } finally {
      if (own !== this) own.close();
    }
  }

  /** Does another connection see what this one does? Not where there is no room for what waits. */
  #isCommitted(): boolean {
    try {
      this.behind.commit();
      return true;
    } catch (error) {
      if (!isSqliteError(error)) throw error;
      return false;
    }
  }

  /** Resolves when this connection can write: while a transaction at pace is under way it cannot. */
  async writable(): Promise<void> {
    while (this.#busy) await this.#busy;
  }

  async #atPace<T>(work: (index: IndexDatabase) => Iterator<void, T>): Promise<T> {
    const path = this.#database.location();
    if (path === null) throw new Error('An index in memory has one connection.');
    this.behind.commit();
    const own = new IndexDatabase(new DatabaseSync(path), 0);
    const pace = new Pace(STRETCH);
    try {
      own.#tuneForWriting();
      own.leaveLog('to a thread');
      own.#database.exec('BEGIN IMMEDIATE');
      const steps = work(own);
      let step = steps.next();
      for (; !step.done; step = steps.next()) if (pace.isDue) await pace.rest();
      own.#database.exec('COMMIT');
      this.anyShapeChanges = true;
      return step.value;
    } finally {
      own.close();
      this.recent.clear();
    }
  }

  /** Takes the log into the file, and syncs both. */
  checkpoint(): void {
    this.behind.commit();
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  close(): void {
    this.#database.close();
  }
}
