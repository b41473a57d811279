import type { Logger } from '../../observer.ts';
import type { Database } from '../connection/database.ts';
import { homesOf, type Place } from '../rows/places.ts';

/** Sessions, and messages, that one transaction looks after: others wait for its locks, and it is repeated if it is lost. */
const SESSIONS_AT_ONCE_MAX = 500;
const MESSAGES_AT_ONCE_MAX = 5_000;

/** Milliseconds between two looks for what an instance that has ended left behind. */
const SWEEP_MS = 600_000;

/** What another instance is removing is left to it. */
const SELECT_ANY = `SELECT home, sid FROM removals LIMIT ${SESSIONS_AT_ONCE_MAX} FOR UPDATE SKIP LOCKED`;

const SELECT_THESE = `SELECT r.home, r.sid FROM removals r
  WHERE r.home = ANY($3::int8[]) AND (r.home, r.sid) IN (SELECT * FROM unnest($1::int8[], $2::int8[]))
  ORDER BY r.home, r.sid LIMIT ${SESSIONS_AT_ONCE_MAX} FOR UPDATE`;

const THESE = 'unnest($1::int8[], $2::int8[]) AS gone (home, sid)';

const REMOVE_MESSAGES = `WITH removed AS (DELETE FROM messages m USING (
      SELECT m.home, m.sid, m.ordinal FROM ${THESE} JOIN messages m ON m.home = gone.home AND m.sid = gone.sid
      WHERE m.home = ANY($3::int8[]) LIMIT ${MESSAGES_AT_ONCE_MAX}) AS part
    WHERE m.home = ANY($3::int8[]) AND m.home = part.home AND m.sid = part.sid AND m.ordinal = part.ordinal RETURNING 1)
  SELECT count(*)::int4 AS count FROM removed`;

const FORGET = `DELETE FROM removals r USING ${THESE} WHERE r.home = ANY($3::int8[]) AND r.home = gone.home AND r.sid = gone.sid`;

/**
 * Removes the messages of deleted sessions, which no read can reach any more, in pieces. The table `removals` names the sessions, from the
 * transaction that deletes them until their messages are gone: what one instance cannot finish, another one does.
 */
export class Removals {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;
  #isWanted = false;
  #isClosed = false;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
    this.#timer = setInterval(() => this.soon(), SWEEP_MS).unref();
  }

  /** Removes what is to be removed, in the background. */
  soon(): void {
    this.#isWanted = true;
    if (this.#isClosed) return;
    this.#running ??= this.#sweep().finally(() => {
      this.#running = null;
      if (this.#isWanted) this.soon();
    });
  }

  /** Resolves once the messages of these deleted sessions are removed, or the store is closing: another instance goes on then. */
  async finish(places: readonly Place[]): Promise<void> {
    while (!(await this.#piece(places))) if (this.#isClosed) return;
  }

  /** Waits for the present piece of what runs in the background, and starts no other. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #sweep(): Promise<void> {
    this.#isWanted = false;
    try {
      while (!(await this.#piece(null))) if (this.#isClosed) return;
    } catch (err) {
      this.#logger.warn({ err }, 'messages of deleted sessions could not be removed yet');
    }
  }

  /** True if nothing is left to remove: of these sessions, or of all that no other instance is removing. */
  #piece(places: readonly Place[] | null): Promise<boolean> {
    return this.#database.transaction(async (queries) => {
      const found = await (places === null
        ? queries.rows<Place>(SELECT_ANY)
        : queries.rows<Place>(SELECT_THESE, columnsOf(places)));
      if (found.length === 0) return true;
      const [removed] = await queries.rows<{ count: number }>(REMOVE_MESSAGES, columnsOf(found));
      if (removed!.count < MESSAGES_AT_ONCE_MAX) queries.send(FORGET, columnsOf(found));
      return false;
    });
  }
}

function columnsOf(places: readonly Place[]) {
  return [places.map(({ home }) => home), places.map(({ sid }) => sid), homesOf(places)];
}
