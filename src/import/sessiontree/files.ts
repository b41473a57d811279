import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** The file at `path`, or the files of the folder at `path` whose names end in `.jsonl`, by name. Rejects with the system's error. */
export async function exportedFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.jsonl'))
    .map(({ name }) => name);
  return names.sort().map((name) => join(path, name));
}

/** Holds the members of a line that stand before its history, with the default limits. */
const HEAD_BYTES = 256 * 1024;

/** Whether the file, or the first file of the folder, at `path` begins with a session as an export writes it. Does not reject. */
export async function isExport(path: string): Promise<boolean> {
  try {
    const [first] = await exportedFiles(path);
    // A named pipe can be read only once.
    if (first === undefined || !(await stat(first)).isFile()) return false;
    const head = await text(createReadStream(first, { end: HEAD_BYTES - 1 }));
    const members = ['"id"', '"rootId"', '"version"', '"historyLength"', '"statusChangedAt"', '"history"'];
    return /^\uFEFF?\s*\{/.test(head) && members.every((name) => head.includes(`${name}:`));
  } catch {
    return false;
  }
}
