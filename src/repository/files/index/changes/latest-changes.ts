import type { Steps } from '../steps.ts';
import type { IndexTables } from '../tables.ts';
import { type ChangePlace, isAfter } from './mark.ts';

/** A session and the place of a change of it. */
export interface FoundChange extends ChangePlace {
  readonly id: string;
  /** 1 if the session has a later change in another table. */
  readonly isStale: 0 | 1;
}

/** The sessions that a deletion removes come behind those that it moves. */
const DELETIONS_FROM = 2 ** 40;

/** Rows that are read in one step: a millisecond of work. */
const ROWS_AT_ONCE = 100;

/** Changes in sessions' own files. */
const SELECT_IN_FILES = `SELECT id, last_seq AS seq, 0 AS place,
    EXISTS (SELECT 1 FROM tree_changes t WHERE t.id = s.id AND t.seq > s.last_seq) AS isStale
  FROM sessions s WHERE last_seq > ?1 ORDER BY last_seq LIMIT ?3`;

/** Moves and archivals. */
const SELECT_IN_LOG = `SELECT c.id, c.seq, c.place,
    s.id IS NULL OR s.last_seq > c.seq OR EXISTS (SELECT 1 FROM tree_changes t WHERE t.id = c.id AND t.seq > c.seq) AS isStale
  FROM tree_changes c LEFT JOIN sessions s ON s.id = c.id WHERE (c.seq, c.place) > (?1, ?2) ORDER BY c.seq, c.place LIMIT ?3`;

const SELECT_DELETED = `SELECT id, deleted_seq AS seq, place + ${DELETIONS_FROM} AS place, 0 AS isStale
  FROM tombstones WHERE (deleted_seq, place) > (?1, ?2 - ${DELETIONS_FROM}) ORDER BY deleted_seq, place LIMIT ?3`;

/** The number of the latest mutation. */
const SELECT_HEAD = `SELECT max(
    (SELECT coalesce(max(last_seq), 0) FROM sessions),
    (SELECT coalesce(max(seq), 0) FROM tree_changes),
    (SELECT coalesce(max(deleted_seq), 0) FROM tombstones)
  ) AS seq`;

/** The number of the latest mutation that the index has: everything up to it is visible. */
export function headOf(tables: IndexTables): number {
  return tables.connection.flushed().get<{ seq: number }>(SELECT_HEAD)!.seq;
}

/** The place of the latest change of a session that exists. */
export function latestPlace(tables: IndexTables, id: string, lastSeq: number): ChangePlace {
  const sql = 'SELECT seq, place FROM tree_changes WHERE id = ? ORDER BY seq DESC LIMIT 1';
  const inLog = tables.connection.written.get<ChangePlace>(sql, id);
  return inLog && inLog.seq > lastSeq ? inLog : { seq: lastSeq, place: 0 };
}

/**
 * The changes after a place, in order: of each session the latest, which is not stale, and perhaps some before that.
 */
export class LatestChanges {
  readonly #sources: readonly Source[];

  constructor(tables: IndexTables, after: ChangePlace) {
    this.#sources = [SELECT_IN_FILES, SELECT_IN_LOG, SELECT_DELETED].map(
      (sql) => new Source(tables, sql, after),
    );
  }

  /** The next change; null if there is none. */
  *next(): Steps<FoundChange | null> {
    let first: Source | null = null;
    for (const source of this.#sources) {
      if (!source.isRead) {
        source.read();
        yield 0;
      }
      if (source.first && (!first?.first || isAfter(first.first, source.first))) first = source;
    }
    return first?.take() ?? null;
  }
}

/** The rows of one table, in order. */
class Source {
  readonly #tables: IndexTables;
  readonly #sql: string;
  #after: ChangePlace;
  #rows: FoundChange[] = [];
  #next = 0;
  #isEnded = false;

  constructor(tables: IndexTables, sql: string, after: ChangePlace) {
    this.#tables = tables;
    this.#sql = sql;
    this.#after = after;
  }

  /** False if rows must be read before `first` is known. */
  get isRead(): boolean {
    return this.#isEnded || this.#next < this.#rows.length;
  }

  get first(): FoundChange | undefined {
    return this.#rows[this.#next];
  }

  take(): FoundChange {
    this.#next += 1;
    return this.#rows[this.#next - 1]!;
  }

  read(): void {
    const { seq, place } = this.#after;
    this.#rows = this.#tables.connection.flushed().all<FoundChange>(this.#sql, seq, place, ROWS_AT_ONCE);
    this.#next = 0;
    this.#isEnded = this.#rows.length < ROWS_AT_ONCE;
    this.#after = this.#rows.at(-1) ?? this.#after;
  }
}
