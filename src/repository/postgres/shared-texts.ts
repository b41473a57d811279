import { StorageError } from '../../model/errors.ts';
import type { Logger } from '../observer.ts';
import { CommitInDoubtError } from './connection/commit-in-doubt.ts';
import { Database } from './connection/database.ts';
import { reachDatabase } from './connection/database-start.ts';
import { storageErrorOf } from './connection/postgres-error.ts';
import { requireTables } from './migrations/migrate.ts';

/** Where the texts are. */
export interface SharedTextsOptions {
  readonly url: string;
  /** False: no prepared statements. */
  readonly prepare: boolean;
  readonly logger: Logger;
}

/** A text as it is in the database. */
export interface SharedText {
  readonly text: string;
  /** Differs whenever the text differs. */
  readonly version: number;
}

/** Writes the text that `SharedTexts.change` has locked, and resolves with its new version. */
export type WriteSharedText = (how: 'append' | 'replace', text: string) => Promise<number>;

/** The text is null if its version is the known one. */
const SELECT_TEXTS = `SELECT a.name, a.version, CASE WHEN a.version IS DISTINCT FROM known.version THEN a.text END AS text
  FROM auth a LEFT JOIN unnest($1::text[], $2::int8[]) AS known (name, version) ON known.name = a.name`;

const ADD_ROW = "INSERT INTO auth (name, text, version) VALUES ($1::text, '', 0) ON CONFLICT DO NOTHING";
const LOCK_ROW = 'SELECT text, version FROM auth WHERE name = $1::text FOR UPDATE';
const WRITE = {
  append:
    'UPDATE auth SET text = text || $2::text, version = version + 1 WHERE name = $1::text RETURNING version',
  replace: 'UPDATE auth SET text = $2::text, version = version + 1 WHERE name = $1::text RETURNING version',
} as const;

/** Texts that all servers of a store share. One transaction changes a text at a time. */
export class SharedTexts {
  readonly #database: Database;

  /** Rejects with a DatabaseUnusableError or a TablesVersionError. */
  static async open({ url, prepare, logger }: SharedTextsOptions): Promise<SharedTexts> {
    // A connection of its own: tokens are read even while requests hold all others.
    const database = new Database({ url, prepare, logger, connections: 1 });
    try {
      await reachDatabase(database, url);
      await requireTables(database);
      return new SharedTexts(database);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  private constructor(database: Database) {
    this.#database = database;
  }

  /** The texts that there are, by name: null for one of the known version. Rejects with a StorageError. */
  async read(
    known: ReadonlyMap<string, number>,
  ): Promise<Map<string, { readonly text: string | null; readonly version: number }>> {
    try {
      const rows = await this.#database.rows<{ name: string; version: number; text: string | null }>(
        SELECT_TEXTS,
        [[...known.keys()], [...known.values()]],
      );
      return new Map(rows.map(({ name, ...text }) => [name, text]));
    } catch (error) {
      throw storageErrorOf(error);
    }
  }

  /**
   * Calls `act` with a text, which no other process changes meanwhile. What `act` writes is durable once the promise resolves. Rejects with
   * what `act` rejects with, or with a StorageError; nothing was written then, unless the error says that the connection was lost.
   */
  async change<T>(name: string, act: (text: SharedText, write: WriteSharedText) => Promise<T>): Promise<T> {
    try {
      return await this.#database.transaction(async ({ rows, send }) => {
        send(ADD_ROW, [name]);
        const [row] = await rows<SharedText>(LOCK_ROW, [name]);
        return act(row!, async (how, text) => {
          const [written] = await rows<{ version: number }>(WRITE[how], [name, text]);
          return written!.version;
        });
      });
    } catch (error) {
      if (!(error instanceof CommitInDoubtError)) throw storageErrorOf(error);
      throw new StorageError(
        'The connection to the database was lost: whether the change was recorded is not known. Look, and try again.',
        true,
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
