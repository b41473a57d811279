import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Layout, layoutOf } from '../format/layout.ts';
import { databaseFiles } from './database-file.ts';
import { FOLDER_MODE } from './plain-file.ts';

/**
 * The data directory cannot be created, or cannot be used as one. The message says what was expected, what
 * came, and what to do.
 */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

/**
 * Bytes of the longest path that SQLite opens as a database with its WAL and journal beside it: 512, less the
 * suffixes of those names.
 */
const DATABASE_PATH = 504;
/** The longest name of a database in the directory. */
const LONGEST = '/search.db';

/** The most bytes that the path of a data directory may have. */
export const DATA_PATH_BYTES = DATABASE_PATH - LONGEST.length;

const ANOTHER = 'or name another directory with --data';

/**
 * The layout of the data directory at `path`, which need not exist. Throws a DataDirectoryError if no store
 * could be there.
 */
export function findDataDirectory(path: string): Layout {
  const root = resolve(path);
  const bytes = Math.max(Buffer.byteLength(root), Buffer.byteLength(realPathOf(root)));
  if (bytes > DATA_PATH_BYTES)
    throw new DataDirectoryError(
      `Expected a data path of at most ${DATA_PATH_BYTES} bytes, got ${bytes}. Choose a shorter one with --data.`,
    );
  return layoutOf(root);
}

/** `path` with links resolved, as SQLite does: also of a path of which only the beginning exists. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPathOf(above), path.slice(above.length));
  }
}

export interface DataDirectory {
  readonly layout: Layout;
  /**
   * Removes the files of a new store without sessions. Only its owner may call it. Returns true if no store
   * is left.
   */
  removeStore(): boolean;
  /** Removes the directories that were created, if they are empty. */
  removeDirectories(): void;
}

/** The data directory at `path`, created if missing. Throws a DataDirectoryError if that fails. */
export function makeDataDirectory(path: string): DataDirectory {
  const layout = findDataDirectory(path);
  const isNewStore = !existsSync(layout.storeLog) && !existsSync(layout.sessions);
  const made: string[] = [];
  const removeDirectories = () => {
    for (const directory of made.toReversed()) {
      try {
        rmdirSync(directory);
      } catch {
        // Gone already, or not empty: its contents are not ours to remove.
      }
    }
  };
  try {
    for (const directory of [layout.root, layout.sessions]) makeDirectory(directory, made);
  } catch (error) {
    removeDirectories();
    throw error;
  }
  return { layout, removeStore: () => isNewStore && removeNewStore(layout), removeDirectories };
}

/**
 * One level at a time: `mkdir` with `recursive` loops for ever where the system creates no directory and
 * reports ENOENT, as in /proc.
 */
function makeDirectory(path: string, made: string[]): void {
  const missing: string[] = [];
  let there = path;
  try {
    for (; !statSync(there, { throwIfNoEntry: false }); there = dirname(there)) missing.unshift(there);
    expectDirectory(there);
    for (const directory of missing) if (makeIfMissing(directory)) made.push(directory);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof DataDirectoryError) throw error;
    throw new DataDirectoryError(
      `Expected a directory at ${path} that can be created and written to, got ${(error as Error).message}. ` +
        `Give the server's user permission, ${ANOTHER}.`,
      { cause: error },
    );
  }
}

function expectDirectory(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return;
  const found = !stats ? 'a link whose target does not exist' : stats.isFile() ? 'a file' : 'something else';
  throw new DataDirectoryError(`Expected a directory at ${path}, got ${found}. Move it away, ${ANOTHER}.`);
}

/** False if another process has created the directory meanwhile. */
function makeIfMissing(path: string): boolean {
  try {
    mkdirSync(path, FOLDER_MODE);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    expectDirectory(path);
    return false;
  }
}

/**
 * Removes what an owner creates before anything is written to the store; the lock goes last. False if there
 * are sessions.
 */
function removeNewStore(layout: Layout): boolean {
  const { sessions, journal } = layout;
  try {
    rmdirSync(sessions);
  } catch {
    return false;
  }
  const { storeLog, indexClean, unsynced, owner, lock } = layout;
  for (const file of [storeLog, indexClean, unsynced, ...databaseFiles(layout), owner])
    rmSync(file, { force: true });
  if (existsSync(journal)) rmdirSync(journal);
  rmSync(lock, { force: true });
  return true;
}
