import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Dropped, Fault } from './format.ts';
import { isMissing, isOfDatabase } from './unreadable.ts';

/** A link can lead anywhere, also to where its own folder is. */
export const LINK: Dropped = { type: 'dropped', kind: 'symbolic link' };

/**
 * For the report: an entry of a directory that no session is read from; of a folder, all files in it. Links are not followed. `folder`: its
 * name, if that says what is in there: `file tool-results/*.txt`, else `file *.txt`.
 */
export async function* otherEntry(entry: Dirent, folder: string | null = null): AsyncGenerator<Dropped> {
  if (entry.isSymbolicLink()) yield LINK;
  else if (!entry.isDirectory())
    yield { type: 'dropped', kind: `file ${folder === null ? '' : `${folder}/`}*${kindOfName(entry.name)}` };
  else yield* otherFiles(join(entry.parentPath, entry.name), folder);
}

/** The same of all entries of a directory. */
export async function* otherFiles(directory: string, folder: string | null): AsyncGenerator<Dropped> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) =>
    isMissing(error) ? [] : null,
  );
  if (entries === null) yield { type: 'dropped', kind: 'unreadable folder' };
  else for (const entry of entries) yield* otherEntry(entry, folder);
}

/** The extension of a name; the empty text for one such as `.1764567890`, of which each file can have another. */
function kindOfName(name: string): string {
  const extension = extname(name);
  return /^\.[a-z]{1,10}\d?$/i.test(extension) ? extension : '';
}

/** For the report: the rows of tables of the database at `path` that no session is read from. `known`: the other tables. */
export function* otherTables(
  path: string,
  tables: readonly string[],
  known: readonly string[],
  countOf: (table: string) => number,
): Generator<Dropped | Fault> {
  for (const table of tables) {
    // Those of SQLite itself, and what migrations note.
    if (known.includes(table) || /^sqlite_|^_|migration/.test(table)) continue;
    yield* countedRows(path, `row of ${table}`, () => countOf(table));
  }
}

/** For the report: rows of a database, if there are any. A count that fails is a fault, and does not throw: no session depends on it. */
export function* countedRows(path: string, kind: string, countOf: () => number): Generator<Dropped | Fault> {
  try {
    const count = countOf();
    if (count > 0) yield { type: 'dropped', kind, count };
  } catch (error) {
    if (!isOfDatabase(error)) throw error;
    yield { type: 'fault', path, line: null, reason: `cannot count "${kind}": ${error.message}` };
  }
}
