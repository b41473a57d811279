import { lstatSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { decodeLine, encodeLongLine } from '../format/line.ts';
import { syncDirectory } from './directory-sync.ts';
import { writeNewFile } from './write-new-file.ts';

/** Writes the only line of a file in the directory `root`: durably, and whole or not at all. */
export async function writeLineFile(root: string, path: string, record: object): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    writeNewFile(temporary, await encodeLongLine(record), { flush: true });
    renameSync(temporary, path);
    await syncDirectory(root);
  } catch (error) {
    for (const each of [temporary, path]) rmSync(each, { force: true });
    throw error;
  }
}

/** The only line of a file; null if there is no file. */
export function readLineFile(path: string): ReturnType<typeof decodeLine> | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return null;
  if (!stats.isFile()) return { fault: 'it is not a plain file' };
  return decodeLine(readFileSync(path).subarray(0, -1));
}

export async function removeLineFile(root: string, path: string): Promise<void> {
  rmSync(path, { force: true });
  await syncDirectory(root);
}
