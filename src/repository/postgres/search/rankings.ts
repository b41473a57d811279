import type { ReadOptions } from '../../read-options.ts';
import type { Database } from '../connection/database.ts';

/** Hits in all kept rankings: 24 bytes each, before compression. */
const KEPT_HITS = 4_000_000;
/** Milliseconds that a ranking is kept after its last use. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** Milliseconds after which a use is written down again. */
const USE_MS = 60_000;
/** Milliseconds between two looks for rankings to forget. */
const EVICTION_MS = 60_000;

/** A stretch of a ranking: three columns. */
export interface Stretch {
  readonly homes: readonly number[];
  readonly sids: readonly number[];
  readonly ordinals: readonly number[];
}

interface KeptRow extends Stretch {
  readonly total: number;
  readonly used_at: number;
}

const SELECT_STRETCH = `SELECT total, used_at, homes[$3::int4:$4::int4] AS homes, sids[$3::int4:$4::int4] AS sids,
    ordinals[$3::int4:$4::int4] AS ordinals FROM rankings WHERE id = $1::text AND search = $2::text`;

const TOUCH = 'UPDATE rankings SET used_at = $2::int8 WHERE id = $1::text';

/** Least recently used first. Another instance may be evicting the same: its locks are not waited for. */
const EVICT = `DELETE FROM rankings WHERE id IN (SELECT id FROM rankings WHERE id IN (
    SELECT id FROM (SELECT id, used_at, sum(total) OVER (ORDER BY used_at DESC, id) AS hits FROM rankings) AS kept
      WHERE hits > $1::int8 OR used_at < $2::int8) FOR UPDATE SKIP LOCKED)`;

/** The rankings that later pages go on in: any instance can. */
export class Rankings {
  readonly #database: Database;
  #evictedAt = Number.NEGATIVE_INFINITY;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Places `from` (from 1) to `to`, and the number of all; null if the ranking is not kept, or is of another search. */
  async stretch(
    id: string,
    search: string,
    { from, to }: { readonly from: number; readonly to: number },
    options?: ReadOptions,
  ): Promise<(Stretch & { readonly total: number }) | null> {
    const [row] = await this.#database.rows<KeptRow>(SELECT_STRETCH, [id, search, from, to], options);
    if (!row) return null;
    if (Date.now() - row.used_at > USE_MS) await this.#database.rows(TOUCH, [id, Date.now()], options);
    return row;
  }

  /** Forgets what is too much, or too old, now and then. */
  async evict(): Promise<void> {
    if (performance.now() - this.#evictedAt < EVICTION_MS) return;
    this.#evictedAt = performance.now();
    await this.#database.rows(EVICT, [KEPT_HITS, Date.now() - KEPT_MS]);
  }
}
