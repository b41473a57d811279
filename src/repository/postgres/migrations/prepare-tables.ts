import type { Logger } from '../../observer.ts';
import { shownPlace } from '../../store-place.ts';
import type { Database } from '../connection/database.ts';
import { reachDatabase } from '../connection/database-start.ts';
import { migrate, requireTables, TABLES_VERSION } from './migrate.ts';

export interface PrepareOptions {
  readonly url: string;
  readonly logger: Logger;
  /** False: the tables must be those of this version already. */
  readonly migrate: boolean;
  /** Partitions of new tables; 0 for none. */
  readonly partitions: number;
}

/**
 * Sees to it that the tables are those of this version, and logs which database it is and what was changed. Rejects with a
 * DatabaseUnusableError or a TablesVersionError.
 */
export async function prepareTables(database: Database, options: PrepareOptions): Promise<void> {
  const { url, logger, partitions } = options;
  const postgres = await reachDatabase(database, url);
  const migrations = options.migrate ? await migrate(database, { partitions }) : [];
  if (!options.migrate) await requireTables(database);
  const what = { database: shownPlace(url), postgres, tables: TABLES_VERSION, migrations };
  logger.info(what, `the store is in ${what.database}`);
}
