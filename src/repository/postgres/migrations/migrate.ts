import { v4 } from 'uuid';
import type { Database } from '../connection/database.ts';
import type { Queries } from '../connection/queries.ts';
import { type Partitioning, tables } from './tables.ts';

/** One step from a version to the next, in a transaction of its own. */
interface Migration {
  readonly version: number;
  readonly sql: (partitioning: Partitioning) => string;
}

/** In order. Expand first, contract a version later: an instance of the version before may still be running. */
const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: tables },
  // Dropped at once: no version with that column was released.
  { version: 2, sql: () => 'ALTER TABLE trees DROP COLUMN shape_clock;' },
];

/** The version of the tables that this program works with. */
export const TABLES_VERSION = MIGRATIONS.at(-1)!.version;

/** Held while tables are changed: any number that no other program uses. */
const LOCK = 7_391_442_008;

/** The tables of a database are not those of this version. */
export class TablesVersionError extends Error {
  override readonly name: string = 'TablesVersionError';
}

/** The database has no tables of Sessiontree. */
export class NoTablesError extends TablesVersionError {
  override readonly name = 'NoTablesError';

  constructor() {
    super(
      'The database has no tables of Sessiontree. Run "sessiontree migrate", or start without --no-migrate.',
    );
  }
}

/**
 * Brings the tables to this version, one migration after the other; several programs may do so at once. Resolves with the versions that
 * were applied. Rejects with a TablesVersionError if a later version has changed the tables.
 */
export async function migrate(database: Database, partitioning: Partitioning): Promise<number[]> {
  const applied: number[] = [];
  for (const migration of MIGRATIONS) {
    const isDone = await database.transaction(async (queries) => {
      await queries.rows('SELECT pg_advisory_xact_lock($1::int8)', [LOCK]);
      const version = await tablesVersionOf(queries);
      if (version >= migration.version) return true;
      await runAll(queries, migration.sql(partitioning));
      if (version === 0)
        await queries.rows('INSERT INTO meta VALUES ($1, $2), ($3, $4)', ['store_id', v4(), 'epoch', '0']);
      await queries.rows(
        'INSERT INTO meta VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value',
        ['version', String(migration.version)],
      );
      return false;
    });
    if (!isDone) applied.push(migration.version);
  }
  return applied;
}

/** Rejects with a TablesVersionError unless the tables are those of this version. */
export async function requireTables(queries: Queries): Promise<void> {
  const version = await tablesVersionOf(queries);
  if (version === TABLES_VERSION) return;
  if (version === 0) throw new NoTablesError();
  throw new TablesVersionError(
    `The tables are of version ${version}, and this program needs version ${TABLES_VERSION}. Run "sessiontree migrate", or start a server without --no-migrate.`,
  );
}

function refuseLater(version: number): void {
  if (version <= TABLES_VERSION) return;
  throw new TablesVersionError(
    `The tables are of version ${version}, from a later Sessiontree; this program knows version ${TABLES_VERSION}. Use that later one.`,
  );
}

/** The version of the tables; 0 if there are none. Rejects with a TablesVersionError if it is a later one than this program knows. */
export async function tablesVersionOf(queries: Queries): Promise<number> {
  const version = await versionOf(queries);
  refuseLater(version);
  return version;
}

/** 0 if there are no tables. */
async function versionOf(queries: Queries): Promise<number> {
  const [there] = await queries.rows<{ meta: string | null }>("SELECT to_regclass('meta')::text AS meta");
  if (!there?.meta) return 0;
  const [row] = await queries.rows<{ value: string }>("SELECT value FROM meta WHERE key = 'version'");
  return Number(row?.value ?? 0);
}

/** A prepared statement holds one command. */
async function runAll(queries: Queries, sql: string): Promise<void> {
  const commands = sql.replace(/^--.*$/gm, '').split(/;\s*$/m);
  for (const command of commands) if (command.trim() !== '') await queries.rows(command);
}
