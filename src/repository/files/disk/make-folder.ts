import { lstatSync, mkdirSync } from 'node:fs';
import { FOLDER_MODE } from './plain-file.ts';
import { notPlain } from './unreadable-file.ts';

/**
 * Makes the folder `path` if there is none; its parent exists. Throws the error of `notPlain` if there is a link, or anything
 * else that is no folder.
 */
export function makeFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return false;
  if (stats) throw notPlain(path);
  try {
    mkdirSync(path, FOLDER_MODE);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return makeFolder(path);
  }
}
