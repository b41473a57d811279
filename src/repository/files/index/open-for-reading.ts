import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/**
 * A connection to the database `path` that only reads. SQLite makes files of its own beside one that others may write to, and cannot
 * read it where it may not: where nobody has it open, as its log tells, which is there then, it is told that the file stays as it is.
 */
export function openForReading(path: string): DatabaseSync {
  if (existsSync(`${path}-wal`) || !existsSync(path)) return new DatabaseSync(path, { readOnly: true });
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true });
}
