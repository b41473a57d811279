import { existsSync } from 'node:fs';
import type { Limits } from '../model/limits.ts';
import { findDataDirectory } from './files/disk/data-directory.ts';
import type { FileRepositoryOptions } from './files/runtime/options.ts';
import type { Logger, Progress } from './observer.ts';
import { NoTablesError } from './postgres/migrations/migrate.ts';
import type { PostgresOptions } from './postgres/options.ts';
import type { SessionStore, StoreReader } from './repository.ts';
import { checkPlace, isDatabase, StorePlaceError, shownPlace } from './store-place.ts';

/** A repository that this process has opened. */
export interface OpenedStore extends SessionStore {
  /**
   * Call instead of `close` if the repository was not used: also removes a new data directory without sessions, and the directories that
   * were created for it.
   */
  discard(): Promise<void>;
}

/** How a store is opened, wherever it is. */
export interface OpenStoreOptions {
  readonly logger: Logger;
  readonly limits?: Partial<Limits>;
  /** Called while the index of a data directory is rebuilt. */
  readonly onProgress?: Progress;
  readonly onCommit?: FileRepositoryOptions['onCommit'];
  /** Only of a data directory. */
  readonly files?: Pick<FileRepositoryOptions, 'durability' | 'mayBeUnfinished'>;
  /** Only of a database. */
  readonly database?: Omit<PostgresOptions, 'url' | 'logger' | 'limits' | 'onCommit'>;
}

/**
 * Opens the store at a place, which is a data directory or the URL of a database, for reading and writing; creates a missing one. Rejects with
 * a StorePlaceError, and as `openFileRepository` and `openPostgresRepository` do.
 */
export async function openStore(place: string, options: OpenStoreOptions): Promise<OpenedStore> {
  checkPlace(place);
  const { files, database, ...common } = options;
  if (!isDatabase(place)) {
    const { openFileRepository } = await loadFiles();
    return openFileRepository({ ...common, ...files, directory: place });
  }
  const { openPostgresRepository } = await loadPostgres();
  return openPostgresRepository({ ...common, ...database, url: place });
}

/** Opens the store at a place for a copy into it; creates a missing one. Rejects as `openStore` does. */
export async function openStoreToLoad(place: string, options: OpenStoreOptions): Promise<OpenedStore> {
  return openStore(place, {
    ...options,
    files: { ...options.files, mayBeUnfinished: true },
    database: { ...options.database, mayBeUnfinished: true },
  });
}

/**
 * Opens the store at a place for a copy of it: nobody else can write to a data directory meanwhile. Rejects with a StorePlaceError if there is
 * none, and as `openStore` does.
 */
export async function openStoreToDump(place: string, options: OpenStoreOptions): Promise<StoreReader> {
  if (isStoreThere(place))
    return openStore(place, { ...options, database: { ...options.database, migrate: false } });
  throw new StorePlaceError(
    `Expected a data directory with a store, got "${shownPlace(place)}", which has none.`,
  );
}

/**
 * Opens the store at a place for reading, changes nothing, and keeps nobody from writing. Rejects as `openStore` does; also if there is no store.
 */
export async function openStoreForReading(place: string, options: OpenStoreOptions): Promise<StoreReader> {
  if (isDatabase(place)) {
    const database = { ...options.database, migrate: false, mayBeUnfinished: true };
    return openStore(place, { ...options, database });
  }
  checkPlace(place);
  const { openFileRepositoryForReading } = await loadFiles();
  return openFileRepositoryForReading({ ...options, directory: place });
}

/** As `openStoreForReading`; resolves with null if there is no store. */
export async function openStoreIfThere(
  place: string,
  options: OpenStoreOptions,
): Promise<StoreReader | null> {
  if (!isStoreThere(place)) return null;
  try {
    return await openStoreForReading(place, options);
  } catch (error) {
    if (error instanceof NoTablesError) return null;
    throw error;
  }
}

/** False if it is certain that no store is there; a database says so when it is opened. Throws a StorePlaceError if there can be none. */
function isStoreThere(place: string): boolean {
  checkPlace(place);
  return isDatabase(place) || existsSync(findDataDirectory(place).storeLog);
}

/** Loaded only here: databases, and commands that call a server, do without it. */
function loadFiles(): Promise<typeof import('./files/open.ts')> {
  return import('./files/open.ts');
}

/** Loaded only here: others do without the driver. */
function loadPostgres(): Promise<typeof import('./postgres/open.ts')> {
  return import('./postgres/open.ts');
}
