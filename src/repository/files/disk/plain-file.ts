import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { notPlain } from './unreadable-file.ts';

/** Access modes of all that is created: the conversations in a store are nobody else's. The umask may take away more. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/** Links are not followed. Without O_NONBLOCK, opening a pipe would block until somebody opens its other end. */
const PLAIN = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens the plain file `path`. Throws the system's error, or that of `notPlain` if there is something else, or if the folder is
 * none. `flags` are those of `open`.
 */
export function openPlain(path: string, flags = constants.O_RDONLY): { fd: number; stats: Stats } {
  let fd: number;
  try {
    fd = openSync(path, flags | PLAIN, FILE_MODE);
  } catch (error) {
    throw folderFault(path, error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw notPlain(path);
    return { fd, stats };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * As `openPlain`, in another thread, for a file of the store at `root`. Its folder may not be a link either; `root` itself may.
 */
export async function openInStore(root: string, path: string, flags: number): Promise<FileHandle> {
  if (dirname(path) !== root) expectPlainFolder(path);
  const handle = await open(path, flags | PLAIN).catch((error) => {
    throw folderFault(path, error);
  });
  if (fstatSync(handle.fd).isFile()) return handle;
  await handle.close();
  throw notPlain(path);
}

/** Throws the error of `notPlain` if the folder of `path` is a link, or no folder. A missing one is no fault. */
export function expectPlainFolder(path: string): void {
  if (isInLinkedFolder(path)) throw notPlain(dirname(path));
}

/** True if there is something in the place of the folder of `path` that is no folder. */
export function isInLinkedFolder(path: string): boolean {
  const stats = lstatSync(dirname(path), { throwIfNoEntry: false });
  return stats !== undefined && !stats.isDirectory();
}

/** True if the folder of `path` is a folder, and no link. */
export function isInFolder(path: string): boolean {
  return lstatSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A file seems to be gone also where its folder was replaced by a file, or by a link to nowhere. */
function folderFault(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' && isInLinkedFolder(path) ? notPlain(dirname(path)) : error;
}
