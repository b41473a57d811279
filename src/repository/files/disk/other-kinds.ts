import { lstatSync, renameSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import type { Logger } from '../../observer.ts';
import type { Layout } from '../format/layout.ts';
import { DataDirectoryError } from './data-directory.ts';
import { databaseFiles } from './database-file.ts';
import { makeFolder } from './make-folder.ts';

/** Throws a DataDirectoryError if the lock, or a folder that the store needs, is something else. Follows no link. */
export function refuseOtherKinds({ root, lock, journal, torn }: Layout): void {
  for (const path of [lock, journal, torn]) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const expected = path === lock ? 'file' : 'folder';
    if (!stats || (expected === 'file' ? stats.isFile() : stats.isDirectory())) continue;
    throw new DataDirectoryError(
      `Expected a ${expected} at ${path}, got ${kindOf(stats)}. Move it away, or name another directory with --data than ${root}.`,
    );
  }
}

/**
 * Moves what is in the place of a file that can be made anew, and is no plain file, into `torn/`. Only the owner of the directory
 * may call it.
 */
export function moveOtherKindsAside(layout: Layout, logger: Logger): void {
  for (const path of filesMadeAnew(layout)) {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats || stats.isFile()) continue;
    makeFolder(layout.torn);
    const kept = join('torn', `${basename(path)}.${Date.now()}`);
    renameSync(path, join(layout.root, kept));
    logger.warn(
      { path: basename(path), kept },
      `moved ${kindOf(stats)} aside that was in the place of a file`,
    );
  }
}

function filesMadeAnew(layout: Layout): string[] {
  const { indexClean, unsynced, owner, storeLog } = layout;
  return [...databaseFiles(layout), indexClean, `${indexClean}.tmp`, unsynced, owner, `${storeLog}.tmp`];
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a link';
  if (stats.isFile()) return 'a file';
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
