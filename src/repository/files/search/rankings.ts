import { createHash } from 'node:crypto';
import { isSqliteError, type Statements } from '../index/statements.ts';
import type { Hit } from './hit.ts';

export const RANKINGS_TABLE = `
CREATE TABLE IF NOT EXISTS rankings (
  id TEXT PRIMARY KEY,
  used INTEGER NOT NULL,
  is_complete INTEGER NOT NULL,
  hits BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS rankings_by_use ON rankings (used);
`;

/** Bytes of all kept rankings: some 400 of the largest, or 10,000 with 400 hits each. */
const KEPT_BYTES = 64 * 1024 * 1024;
const ID_BYTES = 16;
/** SQLITE_READONLY, SQLITE_IOERR and SQLITE_FULL. */
const UNWRITABLE = new Set([8, 10, 13]);

/** The hits of a search, best first. */
export interface Ranking {
  readonly hits: readonly Hit[];
  /** True if the index had all that was written before the search. */
  readonly isComplete: boolean;
}

interface Row {
  readonly is_complete: number;
  readonly hits: Uint8Array;
}

/**
 * An LRU cache of rankings. A ranking is kept when the first page is requested, and later pages read from it,
 * whatever is written in between. The id is a digest of the search and its result: the same search with the
 * same result has the same id.
 */
export class Rankings {
  readonly #statements: Statements;
  #uses: number;
  #bytes: number;

  constructor(statements: Statements) {
    this.#statements = statements;
    const sql =
      'SELECT coalesce(max(used), 0) AS uses, coalesce(sum(length(hits)), 0) AS bytes FROM rankings';
    const { uses, bytes } = statements.get<{ uses: number; bytes: number }>(sql)!;
    this.#uses = uses;
    this.#bytes = bytes;
  }

  /** `search` is the serialized search. Returns the ranking's id. */
  keep(search: string, { hits, isComplete }: Ranking): string {
    const numbers = new Float64Array(hits.flatMap(({ session, ordinal }) => [session, ordinal]));
    const bytes = new Uint8Array(numbers.buffer);
    const digest = createHash('sha256').update(search).update(`\n${isComplete}\n`).update(bytes).digest();
    const id = digest.subarray(0, ID_BYTES).toString('base64url');
    this.#tryTo(() => {
      if (this.#touch(id)) return;
      const values = [id, this.#uses, Number(isComplete), bytes];
      this.#statements.run('INSERT INTO rankings VALUES (?, ?, ?, ?)', ...values);
      this.#bytes += bytes.length;
      while (this.#bytes > KEPT_BYTES) this.#forgetOldest();
    });
    return id;
  }

  get(id: string): Ranking | null {
    const row = this.#statements.get<Row>('SELECT is_complete, hits FROM rankings WHERE id = ?', id);
    if (!row) return null;
    this.#tryTo(() => this.#touch(id));
    const numbers = new Float64Array(row.hits.slice().buffer);
    const hits = Array.from({ length: numbers.length / 2 }, (_, n) => ({
      session: numbers[2 * n]!,
      ordinal: numbers[2 * n + 1]!,
    }));
    return { hits, isComplete: row.is_complete === 1 };
  }

  /**
   * A search is answered even if the disk is full. Its ranking is then not kept: later pages work only while
   * a new search finds the same.
   */
  #tryTo(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isSqliteError(error) || !UNWRITABLE.has(error.errcode & 0xff)) throw error;
    }
  }

  #touch(id: string): boolean {
    this.#uses += 1;
    const sql = 'UPDATE rankings SET used = ? WHERE id = ? RETURNING 1';
    return this.#statements.get(sql, this.#uses, id) !== undefined;
  }

  #forgetOldest(): void {
    const sql =
      'DELETE FROM rankings WHERE id = (SELECT id FROM rankings ORDER BY used LIMIT 1) RETURNING length(hits) AS bytes';
    this.#bytes -= this.#statements.get<{ bytes: number }>(sql)?.bytes ?? this.#bytes;
  }
}
