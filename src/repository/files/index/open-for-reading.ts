import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { openDatabase } from './open-database.ts';

/**
 * A read-only connection to the database `path`. For a database that another process may write to, SQLite
 * creates files beside the database, and fails in a read-only directory. While a process has the database open,
 * there is a WAL file. Without a WAL file, this connection opens the database as immutable, which creates no files.
 */
export function openForReading(path: string): DatabaseSync {
  if (existsSync(`${path}-wal`)) return openDatabase(path, { readOnly: true });
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return openDatabase(path, { readOnly: true }, url);
}
