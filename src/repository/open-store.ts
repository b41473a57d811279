import { existsSync } from 'node:fs';
import { findDataDirectory } from './files/disk/data-directory.ts';
import { type OpenedRepository, openFileRepository, openFileRepositoryForReading } from './files/open.ts';
import type { Logger, Progress } from './observer.ts';
import type { StoreReader } from './repository.ts';

/** No store can be at the place. The message says what was expected. */
export class StorePlaceError extends Error {
  override readonly name = 'StorePlaceError';
}

export interface OpenStoreOptions {
  readonly logger: Logger;
  readonly onProgress: Progress;
}

/**
 * Opens the store at a place (a data directory) for a copy into it; creates a missing one. Rejects with a StorePlaceError, and as
 * `openFileRepository` does.
 */
export async function openStoreToLoad(place: string, options: OpenStoreOptions): Promise<OpenedRepository> {
  return openFileRepository({ ...options, directory: directoryOf(place), mayBeUnfinished: true });
}

/**
 * Opens the store at a place (a data directory) for a copy of it: nobody else can write to it meanwhile. Rejects with a StorePlaceError if
 * there is none, and as `openFileRepository` does.
 */
export async function openStoreToDump(place: string, options: OpenStoreOptions): Promise<StoreReader> {
  if (!isStoreThere(place)) throw noStore(place);
  return openFileRepository({ ...options, directory: directoryOf(place) });
}

/** Opens the store at a place for reading; changes nothing, and keeps nobody from writing. Rejects as `openStoreToDump` does. */
export async function openStoreForReading(place: string, options: OpenStoreOptions): Promise<StoreReader> {
  if (!isStoreThere(place)) throw noStore(place);
  return openFileRepositoryForReading({ ...options, directory: directoryOf(place) });
}

/** Throws a StorePlaceError if there can be no store. */
export function isStoreThere(place: string): boolean {
  return existsSync(findDataDirectory(directoryOf(place)).storeLog);
}

function directoryOf(place: string): string {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(place)) return place;
  throw new StorePlaceError(
    `Expected the name of a data directory, got "${place}", which is the address of another kind.`,
  );
}

function noStore(place: string): StorePlaceError {
  return new StorePlaceError(`Expected a data directory with a store, got "${place}", which has none.`);
}
