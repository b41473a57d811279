import { lstatSync } from 'node:fs';
import { DatabaseSync, type DatabaseSyncOptions } from 'node:sqlite';
import { DATABASE_SUFFIXES } from '../disk/database-file.ts';
import { nothingAt, notPlain } from '../disk/unreadable-file.ts';

/**
 * Opens the database `path`, which must exist. Throws an error as the system does for a file that is missing, or that of `notPlain`
 * if there is something else, which SQLite does not open then. `location` names the database to SQLite, if not by its path.
 */
export function openDatabase(
  path: string,
  options: DatabaseSyncOptions = {},
  location: string | URL = path,
): DatabaseSync {
  for (const suffix of DATABASE_SUFFIXES) {
    const stats = lstatSync(path + suffix, { throwIfNoEntry: false });
    if (stats && !stats.isFile()) throw notPlain(path + suffix);
    // SQLite would make a new one.
    if (!stats && suffix === '') throw nothingAt(path);
  }
  return new DatabaseSync(location, options);
}
