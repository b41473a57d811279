import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type JsonValue, jsonContains } from '../../../model/json.ts';
import { Pace, STRETCH } from '../pace.ts';
import { MessagesTable } from './messages-table.ts';
import { openForReading } from './open-for-reading.ts';
import { RecentRows } from './recent-rows.ts';
import * as schema from './schema.ts';
import { SessionsTable } from './sessions-table.ts';
import { TermsTable } from './terms-table.ts';

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
  readonly #statements = new Map<string, StatementSync>();
  /** A transaction at pace is under way. */
  #busy: Promise<unknown> | null = null;
  /** Shared by what reads and what writes. */
  readonly recent: RecentRows;
  readonly sessions = new SessionsTable(this);
  readonly terms = new TermsTable(this);
  readonly messages = new MessagesTable(this);

  /** Spares each session a look into a table that is mostly empty. May be true where it is empty; false only there. */
  anyShapeChanges = true;
  /** It is being built: linked, indexed and said to be complete once all is in. */
  #filling = false;
  /** A part of it could not be read, or a file that it should hold. */
  #doubtful = false;

  private constructor(database: DatabaseSync, recentBytes: number) {
    this.#database = database;
    this.recent = new RecentRows(recentBytes);
    database.function('json_contains', { deterministic: true }, (json, part) =>
      Number(jsonContains(JSON.parse(String(json)) as JsonValue, parsedOnce(String(part)))),
    );
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
    return this.#doubtful;
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
    // A session that comes after its parent takes its place from it: where all have done so, there is nothing to work out.
    if (!this.#filling || this.get(schema.ANY_WITHOUT_PLACE)) this.#database.exec(schema.PLACE);
    // In a new index nobody has been counted yet.
    if (!this.#filling) this.#database.exec(schema.COUNT_CHILDLESS);
    this.#database.exec(schema.COUNT);
    this.recent.clear();
  }

  // A commit need not reach the disk: what the index lost, the files still say. WAL keeps it whole across a power cut.
  #tuneForWriting(): void {
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768');
    this.#database.exec(`PRAGMA journal_size_limit = ${LOG_FILE}`);
    this.leaveLog('to SQLite');
  }

  /** Who takes in the log. */
  leaveLog(to: 'to a thread' | 'to SQLite'): void {
    const pages = to === 'to SQLite' ? CHECKPOINT_PAGES : 0;
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#noting(() => this.#prepared(sql).get(...values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#noting(() => this.#prepared(sql).all(...values) as Row[]);
  }

  iterate<Row>(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    // Not the shared statement: another use of it would end the iteration.
    return this.#database.prepare(sql).iterate(...values) as Iterable<Row>;
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#noting(() => this.#prepared(sql).run(...values));
  }

  #noting<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#doubtful ||= isSqliteError(error) && DAMAGED.has(error.errcode & 0xff);
      throw error;
    }
  }

  meta(key: string): unknown {
    return this.get<{ value: unknown }>('SELECT value FROM meta WHERE key = ?', key)?.value;
  }

  setMeta(key: string, value: SQLInputValue): void {
    this.run('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', key, value);
  }

  /** Runs `work`, all of it or nothing. */
  transaction(work: () => void): void {
    this.run('BEGIN');
    try {
      work();
      this.run('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
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
    const own = path === null ? this : new IndexDatabase(openForReading(path), 0);
    const pace = new Pace(STRETCH);
    try {
      if (own !== this) own.#database.exec('BEGIN');
      const steps = work(own);
      let step = steps.next();
      for (; !step.done; step = steps.next()) if (pace.isDue) await pace.rest();
      return step.value;
    } finally {
      if (own !== this) own.close();
    }
  }

  /** Resolves when this connection can write: while a transaction at pace is under way it cannot. */
  async writable(): Promise<void> {
    while (this.#busy) await this.#busy;
  }

  async #atPace<T>(work: (index: IndexDatabase) => Iterator<void, T>): Promise<T> {
    const path = this.#database.location();
    if (path === null) throw new Error('An index in memory has one connection.');
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
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
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

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = new Set([11, 26]);

export function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR';
}

let lastPart: { json: string; value: JsonValue } = { json: 'null', value: null };

/** A filter is asked of every row in turn: it is parsed for the first. */
function parsedOnce(json: string): JsonValue {
  if (lastPart.json !== json) lastPart = { json, value: JSON.parse(json) as JsonValue };
  return lastPart.value;
}
