import type { Logger } from '../repository/observer.ts';
import { openStoreForReading } from '../repository/open-store.ts';
import { isDatabase } from '../repository/store-place.ts';
import { pathFault } from './path-fault.ts';

/** The store that a dry run compares with; null if there is none: a dry run makes no data directory. */
export async function readerForDryRun(place: string, logger: Logger) {
  const isThere = isDatabase(place) || (await pathFault(place, (found) => found.isDirectory())) === null;
  return isThere ? await openStoreForReading(place, { logger }) : null;
}
