import { withDefaultLimits } from '../../model/limits.ts';
import type { Logger } from '../observer.ts';
import { StoreClock } from '../runtime/store-clock.ts';
import { shownPlace } from '../store-place.ts';
import { Broadcasts } from './changes/broadcasts.ts';
import { Channel } from './changes/channel.ts';
import { Epoch } from './changes/epoch.ts';
import { Notices } from './changes/notices.ts';
import { Database } from './connection/database.ts';
import { DatabaseUnusableError } from './connection/database-start.ts';
import type { Queries } from './connection/queries.ts';
import { sourceOfLoad } from './copy/load-mark.ts';
import { prepareTables } from './migrations/prepare-tables.ts';
import type { PostgresOptions } from './options.ts';
import { PostgresRepository } from './postgres-repository.ts';
import { Places } from './rows/places.ts';
import { Creations } from './write/creations.ts';
import { OldOperations } from './write/old-operations.ts';
import { Removals } from './write/removals.ts';
import { SessionMutations } from './write/session-mutations.ts';
import { TreeLanes } from './write/tree-lanes.ts';
import { Trees } from './write/trees.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Connections of the pool, by default. */
export const CONNECTIONS = 16;

/**
 * Opens the store in a database, which any number of instances may do. Brings its tables to this version, unless that is turned off. Rejects
 * with a TablesVersionError, or with a DatabaseUnusableError if the database cannot be reached, is too old, or holds an unfinished copy of
 * another store without `mayBeUnfinished`.
 */
export async function openPostgresRepository(options: PostgresOptions): Promise<PostgresRepository> {
  const database = openDatabase(options);
  try {
    return await openRepositoryOver(database, options, () => database.close());
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The connections to the database of a store. None is made yet. */
export function openDatabase(options: PostgresOptions): Database {
  const { url, logger = silent, connections = CONNECTIONS, prepare = true } = options;
  return new Database({ url, connections, prepare, logger });
}

/**
 * As `openPostgresRepository`, over connections that are there (`openDatabase`, with the same options). `release` is called once the repository
 * is closed and has no more statements to run. The connections can serve another repository then.
 */
export async function openRepositoryOver(
  database: Database,
  options: PostgresOptions,
  release: () => Promise<void>,
): Promise<PostgresRepository> {
  const { url, logger = silent, prepare = true, partitions = 0 } = options;
  const isSearched = options.search ?? true;
  await prepareTables(database, { url, logger, migrate: options.migrate ?? true, partitions });
  const [row] = await database.rows<{ value: string }>("SELECT value FROM meta WHERE key = 'store_id'");
  const storeId = row!.value;
  if (!options.mayBeUnfinished) await refuseUnfinished(database, url);
  const places = new Places(database);
  // A proxy that hands out a connection for each transaction passes no notices on.
  const listenUrl = options.listenUrl ?? (prepare ? url : null);
  const epoch = await Epoch.open(database);
  const channel = new Channel({ database, url: listenUrl, logger });
  const notices = new Notices({ database, epoch, channel, logger });
  const trees = new Trees({
    database,
    clock: new StoreClock(),
    epoch,
    isSearched,
    committed: (milliseconds) => {
      options.onCommit?.(milliseconds);
      notices.committed();
    },
  });
  const lanes = new TreeLanes(trees);
  const removals = new Removals(database, logger);
  removals.soon();
  const oldOperations = new OldOperations({ database, logger, days: options.operationDays ?? null });
  void oldOperations.forget();
  return new PostgresRepository({
    database,
    places,
    isSearched,
    storeId,
    trees,
    lanes,
    epoch,
    mutations: new SessionMutations({ places, trees, lanes }),
    creations: new Creations({ queries: database, places, trees, lanes, storeId }),
    removals,
    limits: withDefaultLimits(options.limits),
    logger,
    listeners: notices,
    broadcast: new Broadcasts(channel),
    release: async () => {
      notices.close();
      await Promise.all([removals.close(), oldOperations.close(), channel.close()]);
      await release();
    },
  });
}

async function refuseUnfinished(queries: Queries, url: string): Promise<void> {
  if ((await sourceOfLoad(queries)) === null) return;
  throw new DatabaseUnusableError(
    `${shownPlace(url)}: another store is being copied here, and is not whole yet. Finish that with "sessiontree copy", or begin again with an ` +
      'empty database.',
  );
}
