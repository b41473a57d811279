import { readdir } from 'node:fs/promises';
import type { Progress } from '../../repository/observer.ts';
import { withoutCopies } from './copies.ts';
import { pathOf, shownName } from './file-name.ts';
import type { FileRules } from './file-rules.ts';
import type { Entry } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import { FileFault } from './read-json.ts';
import type { ImportReport } from './report.ts';
import { readSessionFile, type SessionFile } from './session-file.ts';

/** Concurrent reads. More would not be faster, since parsing uses one thread, but would keep more files in memory. */
export const READS_UNDER_WAY = 4;

/** The first pass: reads and checks every file. Returns an entry for each file to import; the others are added to `report`. */
export async function scanDirectory(
  directory: string,
  rules: FileRules,
  report: ImportReport,
  onProgress: Progress,
): Promise<Entry[]> {
  const names = await jsonFiles(directory, report);
  const entries: Entry[] = [];
  let done = 0;
  for await (const { name, read } of readAhead(names, READS_UNDER_WAY, (name) =>
    tryRead(directory, name, rules),
  )) {
    onProgress('Reading', ++done, names.length);
    const file = shownName(name);
    if (read instanceof FileFault) report.refused.push({ file, text: read.message });
    else entries.push(entryOf(name, file, read));
  }
  const taken = withoutCopies(entries, report.refused);
  report.localTimes = taken.some(({ naive }) => naive);
  return taken;
}

function entryOf(name: Buffer, file: string, read: SessionFile): Entry {
  const { id, parentId, bytes, naive, createdAt, lastActiveAt, messages } = read;
  return {
    name,
    file,
    bytes,
    id,
    parentId,
    naive,
    microseconds: createdAt.microseconds,
    lastActive: lastActiveAt.microseconds,
    historyLength: messages.length,
  };
}

/** Reads a file. Resolves with a FileFault if it cannot be imported. */
export async function tryRead(directory: string, name: Buffer, rules: FileRules): Promise<Read> {
  try {
    return { name, read: await readSessionFile(pathOf(directory, name), rules) };
  } catch (error) {
    if (error instanceof FileFault) return { name, read: error };
    throw error;
  }
}

export interface Read {
  readonly name: Buffer;
  readonly read: SessionFile | FileFault;
}

async function jsonFiles(directory: string, report: ImportReport): Promise<Buffer[]> {
  const names: Buffer[] = [];
  // Names as bytes: decoding a name that is not UTF-8 would lose bytes that are needed to open the file.
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
    // Links are not followed.
    if (entry.isFile() && entry.name.toString('latin1').endsWith('.json')) names.push(entry.name);
    else report.passedOver += 1;
  }
  return names.sort(Buffer.compare);
}
