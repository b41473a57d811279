import type { IndexConnection } from './connection.ts';

/**
 * Something that could not be read: a whole file, a part of a session's file, a session's parent, or a part
 * of the log. `path` is relative to the data directory. `line` is null unless a single line is faulty.
 */
export interface Fault {
  readonly kind: 'file' | 'damage' | 'orphan' | 'log';
  readonly path: string;
  readonly line: number | null;
  readonly sessionId: string | null;
  readonly reason: string;
}

/** A fault with the time of its first report, in milliseconds since 1970. */
export interface ReportedFault extends Fault {
  readonly since: number;
}

/** The faults of files, with their reasons and the times of their first reports. Its rows are never pending. */
export class QuarantineTable {
  readonly #db: IndexConnection;

  constructor(db: IndexConnection) {
    this.#db = db;
  }

  add({ kind, path, line, sessionId, reason }: Fault, since: Date): void {
    const sql = 'INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)';
    this.#db.run(sql, kind, path, line, sessionId, reason, since.getTime());
  }

  /** Removes all faults of one kind. */
  clear(kind: Fault['kind']): void {
    this.#db.run('DELETE FROM quarantine WHERE kind = ?', kind);
  }

  /** Removes the faults of session `id`, of one kind or of all. */
  clearOf(id: string, kind?: Fault['kind']): void {
    if (kind === undefined) this.#db.run('DELETE FROM quarantine WHERE session_id = ?', id);
    else this.#db.run('DELETE FROM quarantine WHERE kind = ? AND session_id = ?', kind, id);
  }

  /** Removes the faults of whole files in the folder `shard`, and of the folder itself. */
  clearShard(shard: string): void {
    const sql = "DELETE FROM quarantine WHERE kind = 'file' AND (path GLOB ? OR path = ?)";
    this.#db.run(sql, `sessions/${shard}/*`, `sessions/${shard}`);
  }

  /** Removes the fault of a file that belongs to no session. */
  clearStray(path: string): void {
    this.#db.run("DELETE FROM quarantine WHERE kind = 'file' AND session_id IS NULL AND path = ?", path);
  }

  /** All faults, by path and line. */
  all(): ReportedFault[] {
    return this.#db.written.all(`SELECT ${COLUMNS} FROM quarantine ORDER BY path, line`);
  }

  /** The faults of sessions' files, or of one session's, by session and line. */
  inSessions(id: string | null = null): (ReportedFault & { readonly sessionId: string })[] {
    return this.#db.written.all(
      `SELECT ${COLUMNS} FROM quarantine
        WHERE ${IN_FILE} AND session_id ${id === null ? 'IS NOT NULL' : '= ?'} ORDER BY session_id, line`,
      ...(id === null ? [] : [id]),
    );
  }

  /** The ids of the sessions whose files are faulty. */
  faultySessions(): string[] {
    return this.#db.written.column(
      `SELECT DISTINCT session_id FROM quarantine WHERE ${IN_FILE} AND session_id IS NOT NULL`,
    );
  }

  /** The ids of the sessions whose whole files could not be read. */
  unreadableIds(): string[] {
    const sql = "SELECT DISTINCT session_id FROM quarantine WHERE kind = 'file' AND session_id IS NOT NULL";
    return this.#db.written.column(sql);
  }

  /** Paths of files that belong to no session. */
  strayPaths(): string[] {
    return this.#db.written.column("SELECT path FROM quarantine WHERE kind = 'file' AND session_id IS NULL");
  }

  /** True if there is any fault at `path`. */
  has(path: string): boolean {
    return this.#db.written.get('SELECT 1 FROM quarantine WHERE path = ?', path) !== undefined;
  }

  /** True if the whole file of session `id` could not be read. */
  hasUnreadable(id: string): boolean {
    const sql = "SELECT 1 FROM quarantine WHERE kind = 'file' AND session_id = ?";
    return this.#db.written.get(sql, id) !== undefined;
  }

  /** The time of the latest report, in milliseconds since 1970; 0 if there is none. */
  latestTime(): number {
    return this.#db.written.get<{ latest: number }>(
      'SELECT coalesce(max(since), 0) AS latest FROM quarantine',
    )!.latest;
  }
}

const COLUMNS = 'kind, path, line, session_id AS sessionId, reason, since';
/** Selects faults of sessions' files: no faults of the store's log, and no orphans. */
export const IN_FILE = "kind IN ('file', 'damage')";
