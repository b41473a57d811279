import { closeSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../format/layout.ts';
import { FILE_MODE } from './plain-file.ts';

/** What SQLite adds to the name of a database for the files beside it. */
export const DATABASE_SUFFIXES = ['', '-wal', '-shm', '-journal'] as const;

/** The files of the databases in the data directory, which can be made anew from the files of the store. */
export function databaseFiles({ root }: Pick<Layout, 'root'>): string[] {
  return ['index.db', 'search.db'].flatMap((name) =>
    DATABASE_SUFFIXES.map((suffix) => join(root, name + suffix)),
  );
}

/**
 * True if SQLite may open the database `path`: SQLite follows links, and waits for the other end of a pipe. So neither the database
 * nor a file beside it may be anything but a plain file. The files beside it may be missing.
 */
export function isPlainDatabase(path: string): boolean {
  return DATABASE_SUFFIXES.every((suffix) => {
    const stats = lstatSync(path + suffix, { throwIfNoEntry: false });
    return stats ? stats.isFile() : suffix !== '';
  });
}

/**
 * Makes an empty file for a new database, if there is nothing. SQLite would make it readable for others; to the files beside it,
 * it gives the mode of the database.
 */
export function makeDatabaseFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
