import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Dropped } from './format.ts';

/** A link can lead anywhere, also to where its own folder is. */
export const LINK: Dropped = { type: 'dropped', kind: 'symbolic link' };

/**
 * For the report: an entry of a directory that no session is read from; of a folder, all files in it. Links are not followed. `folder`: its
 * name, if that says what is in there: `file tool-results/*.txt`, else `file *.txt`.
 */
export async function* otherEntry(entry: Dirent, folder: string | null = null): AsyncGenerator<Dropped> {
  if (entry.isSymbolicLink()) yield LINK;
  else if (!entry.isDirectory())
    yield { type: 'dropped', kind: `file ${folder === null ? '' : `${folder}/`}*${extname(entry.name)}` };
  else yield* otherFiles(join(entry.parentPath, entry.name), folder);
}

/** The same of all entries of a directory; nothing, if it cannot be read. */
export async function* otherFiles(directory: string, folder: string | null): AsyncGenerator<Dropped> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) yield* otherEntry(entry, folder);
}

/** For the report: the rows of tables of a program that no session is read from. `known`: the others. */
export function* otherTables(
  tables: readonly string[],
  known: readonly string[],
  countOf: (table: string) => number,
): Generator<Dropped> {
  for (const table of tables) {
    // Those of SQLite itself, and what migrations note.
    if (known.includes(table) || /^sqlite_|^_|migration/.test(table)) continue;
    const count = countOf(table);
    if (count > 0) yield { type: 'dropped', kind: `row of ${table}`, count };
  }
}
