import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { isPlainDatabase, makeDatabaseFile } from '../disk/database-file.ts';
import { headOf } from './changes/latest-changes.ts';
import { openDatabase } from './open-database.ts';
import { openForReading } from './open-for-reading.ts';
import { writeAtPace } from './paced.ts';
import * as schema from './schema.ts';
import { isSqliteError } from './statements.ts';
import { IndexTables } from './tables.ts';
import { vacuumInThread } from './vacuum.ts';

/** Bytes of memory for recently used sessions, of which about 20,000 fit. */
const RECENT_SESSIONS_BYTES = 32 * 1024 * 1024;

/** Bytes of an index under construction that are mapped into memory: the most that SQLite can map. */
const MAPPED_BYTES_MAX = 2 ** 31;

/**
 * The index as other folders see it: its file and its transactions. `IndexReader` answers queries, `IndexWriter` and
 * `TreeChangeWriter` make changes, `differencesOf` compares two indexes, and recovery reads the state of files
 * from the tables.
 */
export class IndexDatabase {
  readonly tables: IndexTables;
  /** A paced transaction is under way. */
  #busy: Promise<unknown> | null = null;

  /** True if another process may change the index. This one only reads it. */
  readonly isShared: boolean;

  private constructor(tables: IndexTables, isShared = false) {
    this.tables = tables;
    this.isShared = isShared;
  }

  /** An empty index in memory: for programs that read beside the process that owns the directory. */
  static inMemory(): IndexDatabase {
    const tables = new IndexTables(new DatabaseSync(':memory:'), 0);
    tables.begin();
    return new IndexDatabase(tables);
  }

  /** An empty index in the file `path`, which must not exist yet. */
  static create(path: string): IndexDatabase {
    makeDatabaseFile(path);
    const tables = new IndexTables(openDatabase(path), RECENT_SESSIONS_BYTES);
    const { connection } = tables;
    // No rollback journal and no syncs: a rebuild that was cut short is never marked complete, and is begun
    // anew.
    connection.configure('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -131072');
    // Building each SQL index scans all sessions; mapped pages need not be copied. If the disk cannot read a
    // mapped page, the process dies. The file is therefore mapped only until the index is complete: the next
    // start would build it anew.
    connection.configure(`PRAGMA mmap_size = ${MAPPED_BYTES_MAX}`);
    tables.begin();
    return new IndexDatabase(tables);
  }

  /**
   * The index in the file `path`; null if there is no usable file, or if it has another version or belongs to
   * another store.
   */
  static open(
    path: string,
    store: string,
    options: { readOnly: boolean; verify: boolean },
  ): IndexDatabase | null {
    if (!isPlainDatabase(path)) return null;
    let database: DatabaseSync | undefined;
    try {
      database = options.readOnly ? openForReading(path) : openDatabase(path);
      // Beside another process that writes, nothing reports changes, so rows must not be cached.
      const tables = new IndexTables(database, options.readOnly ? 0 : RECENT_SESSIONS_BYTES);
      const sound =
        tables.meta('version') === schema.INDEX_VERSION &&
        tables.meta('store') === store &&
        tables.meta('complete') === 1 &&
        (!options.verify || isSound(tables));
      if (sound) {
        if (!options.readOnly) {
          tables.connection.tuneForWriting();
          tables.treeChanges.lookIfEmpty();
        }
        return new IndexDatabase(tables, options.readOnly);
      }
    } catch (error) {
      // No file, or one that SQLite cannot read: the index has to be built in either case.
      if (!isSqliteError(error)) throw error;
    }
    database?.close();
    return null;
  }

  get sessions() {
    return this.tables.sessions;
  }

  get messages() {
    return this.tables.messages;
  }

  get sessionKeys() {
    return this.tables.sessionKeys;
  }

  get quarantine() {
    return this.tables.quarantine;
  }

  get treeChanges() {
    return this.tables.treeChanges;
  }

  get tombstones() {
    return this.tables.tombstones;
  }

  /** True while the index is being built. */
  get filling(): boolean {
    return this.tables.connection.filling;
  }

  /** The next start must not rely on this index: a part of its file is damaged, or it lacks rows. */
  get doubtful(): boolean {
    return this.tables.connection.isDamaged || this.failure !== null;
  }

  /** Bytes of the store's log that the index has read. */
  get storeLogSize(): number {
    return Number(this.tables.meta('store_log_size'));
  }

  set storeLogSize(bytes: number) {
    this.tables.setMeta('store_log_size', bytes);
  }

  /** The number of the latest mutation that the index has. */
  get lastSeq(): number {
    return headOf(this.tables);
  }

  /** Call in the transaction that takes in what another program changed: no earlier mark is honoured any more. */
  noteChangeFromOutside(): void {
    this.tables.setMeta('changed_outside', randomBytes(6).toString('hex'));
  }

  /** Call before reading an index that is being built. */
  flush(): void {
    this.tables.flushQueues();
  }

  /** Call after a rebuild has filled the tables. `link` computes what depends on the shape of the trees. */
  complete(store: string, link: () => void): void {
    const { tables } = this;
    const { connection } = tables;
    tables.transaction(() => tables.flushQueues());
    tables.sessions.filled();
    connection.configure(schema.TREE_INDEX);
    link();
    connection.configure(schema.INDEXES);
    connection.filling = false;
    tables.setMeta('version', schema.INDEX_VERSION);
    tables.setMeta('store', store);
    tables.setMeta('complete', 1);
    connection.configure('PRAGMA mmap_size = 0');
    connection.tuneForWriting();
  }

  /**
   * Begins the one transaction of a start: `endStart` commits all that is written until then. If the start
   * fails in between, close the index.
   */
  beginStart(): void {
    this.tables.connection.run('BEGIN');
  }

  endStart(): void {
    this.tables.connection.run('COMMIT');
  }

  /**
   * Runs `work` in one transaction. Changes that only concern sessions may be committed later: see
   * `WriteBehind`.
   */
  transaction(work: () => void): void {
    this.tables.transaction(work);
  }

  /** Runs `work` within a transaction. `work` may take back all its changes by calling `undo`, and go on. */
  undoable<T>(work: (undo: () => void) => T): T {
    const { connection, sessions } = this.tables;
    connection.run('SAVEPOINT undoable');
    // An error is left to the caller's transaction, which SQLite may already have ended, for example because
    // the disk is full.
    const result = work(() => {
      connection.run('ROLLBACK TO undoable');
      sessions.forget();
    });
    connection.run('RELEASE undoable');
    return result;
  }

  /**
   * Runs `work` in one transaction on a connection of its own, resting at each `yield`. No reader sees any of
   * the changes before the commit. The caller ensures that nothing else is written meanwhile.
   */
  async transactionAtPace<T>(work: (index: IndexDatabase) => Iterator<unknown, T>): Promise<T> {
    const running = writeAtPace(this.tables, (own) => work(new IndexDatabase(own)));
    this.#busy = running.catch(() => {});
    try {
      return await running;
    } finally {
      this.#busy = null;
    }
  }

  /** Resolves when this connection can write: it cannot during a paced transaction. */
  async writable(): Promise<void> {
    while (this.#busy) await this.#busy;
  }

  /** Rows of finished transactions that are not committed yet. */
  get pendingRows(): number {
    return this.tables.connection.behind.rows;
  }

  /** True if it is time to commit. */
  get isFull(): boolean {
    return this.tables.connection.behind.isFull;
  }

  /** Why pending rows were given up; null if none were. */
  get failure(): unknown {
    return this.tables.connection.behind.failure;
  }

  /** Commits all finished transactions: other connections then see them. */
  commit(): void {
    this.tables.connection.behind.commit();
  }

  /** Chooses whether a thread or SQLite itself runs checkpoints. */
  leaveLog(to: 'to a thread' | 'to SQLite'): void {
    this.tables.connection.leaveLog(to);
  }

  /** Commits, checkpoints the WAL into the file, and syncs both. */
  checkpoint(): void {
    this.commit();
    this.tables.connection.configure('PRAGMA wal_checkpoint(PASSIVE)');
  }

  /**
   * Writes the file anew in another thread, without what was deleted from it: SQLite overwrites that where it was last, but a page may keep
   * what it had before it was divided. Nothing may be written meanwhile; reads go on.
   */
  async vacuum(): Promise<void> {
    const { path, isInPlace } = this.tables.connection;
    if (path === null || !isInPlace) return;
    this.commit();
    const running = vacuumInThread(path);
    this.#busy = running.catch(() => {});
    try {
      await running;
    } finally {
      this.#busy = null;
    }
  }

  /** Commits, and empties the WAL, which has pages as they were. False if another connection reads earlier pages. */
  emptyLog(): boolean {
    this.commit();
    const sql = 'PRAGMA wal_checkpoint(TRUNCATE)';
    const { busy } = this.tables.connection.written.get<{ busy: number }>(sql)!;
    return busy === 0;
  }

  close(): void {
    this.tables.connection.close();
  }
}

function isSound({ connection }: IndexTables): boolean {
  return connection.written.get<{ quick_check: string }>('PRAGMA quick_check')?.quick_check === 'ok';
}
