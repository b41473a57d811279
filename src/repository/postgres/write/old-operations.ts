import type { Logger } from '../../observer.ts';
import type { Database } from '../connection/database.ts';
import { UNNAMED, UNNAMED_MS } from './operation-rows.ts';

const DAY_MS = 86_400_000;

/** Milliseconds between two sweeps. */
const SWEEP_MS = 3_600_000;

/** Rows that one statement deletes. */
const ROWS_AT_ONCE_MAX = 5_000;

/** Rows that another instance is deleting are left to it. */
const deleteOf = (condition: string) => `WITH old AS (SELECT caller, id FROM operations
      WHERE ${condition} AND at < $1::int8 ORDER BY at LIMIT ${ROWS_AT_ONCE_MAX} FOR UPDATE SKIP LOCKED),
    deleted AS (DELETE FROM operations o USING old WHERE o.caller = old.caller AND o.id = old.id RETURNING 1)
  SELECT count(*)::int4 AS count FROM deleted`;

const DELETE_UNNAMED = deleteOf(`caller = '${UNNAMED}'`);
const DELETE_NAMED = deleteOf(`caller <> '${UNNAMED}'`);

export interface OldOperationsOptions {
  readonly database: Database;
  readonly logger: Logger;
  /** Days that operations of clients are kept; null for ever. */
  readonly days: number | null;
}

/**
 * Forgets operations, in the background: those of clients once they are too old to be sent again, and those that no client has named once no
 * mutation can be in doubt about them.
 */
export class OldOperations {
  readonly #options: OldOperationsOptions;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: OldOperationsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.forget(), SWEEP_MS).unref();
  }

  /** Resolves once all that is too old is forgotten, or the sweep has failed, which the log says. */
  forget(): Promise<void> {
    this.#running ??= this.#sweep().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Waits for the present statement of a sweep, and starts no other. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { days, logger } = this.#options;
    const now = Date.now();
    try {
      await this.#deleteAll(DELETE_UNNAMED, now - UNNAMED_MS);
      if (days !== null) await this.#deleteAll(DELETE_NAMED, now - days * DAY_MS);
    } catch (err) {
      logger.warn({ err }, 'old operations could not be deleted yet');
    }
  }

  async #deleteAll(sql: string, before: number): Promise<void> {
    for (let count = ROWS_AT_ONCE_MAX; count === ROWS_AT_ONCE_MAX && !this.#isClosed; ) {
      const [row] = await this.#options.database.rows<{ count: number }>(sql, [before]);
      ({ count } = row!);
    }
  }
}
