import type { Logger } from '../../observer.ts';
import { Database } from '../connection/database.ts';
import { reachDatabase } from '../connection/database-start.ts';
import { migrate, TABLES_VERSION, tablesVersionOf } from '../migrations/migrate.ts';

export interface MigrateOptions {
  /** Partitions of new tables; 0 for none. */
  readonly partitions: number;
  /** True: changes nothing. */
  readonly dryRun: boolean;
  readonly logger: Logger;
}

export interface Migrated {
  /** The version of PostgreSQL. */
  readonly postgres: string;
  /** The versions of the tables; 0 if there were none. */
  readonly before: number;
  readonly after: number;
  /** Into how many partitions new tables were divided. */
  readonly partitioned: number;
}

/** Brings the tables of a database to this version. Rejects with a DatabaseUnusableError or a TablesVersionError. */
export async function migrateDatabase(
  url: string,
  { partitions, dryRun, logger }: MigrateOptions,
): Promise<Migrated> {
  const database = new Database({ url, connections: 1, prepare: false, logger });
  try {
    const postgres = await reachDatabase(database, url);
    const before = await tablesVersionOf(database);
    if (!dryRun) await migrate(database, { partitions });
    return { postgres, before, after: TABLES_VERSION, partitioned: before === 0 ? partitions : 0 };
  } finally {
    await database.close();
  }
}
