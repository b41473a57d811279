import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Progress } from '../repository/observer.ts';
import type { FileRules } from './file-rules.ts';
import type { Entry } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import { FileFault } from './read-json.ts';
import type { ImportReport } from './report.ts';
import { readSessionFile, type SessionFile } from './session-file.ts';

/** More would only hold more files in memory: reading and checking share one thread. */
export const READS_UNDER_WAY = 4;

/** The first pass: reads and checks every file, and keeps of each what puts it in order. */
export async function scanDirectory(
  directory: string,
  rules: FileRules,
  report: ImportReport,
  onProgress: Progress,
): Promise<Entry[]> {
  const names = await jsonFiles(directory, report);
  const fileOf = new Map<string, string>();
  const entries: Entry[] = [];
  let done = 0;
  for await (const { name, read } of readAhead(names, READS_UNDER_WAY, (name) =>
    tryRead(directory, name, rules),
  )) {
    onProgress('Reading', ++done, names.length);
    if (read instanceof FileFault) {
      report.refused.push({ file: name, text: read.message });
      continue;
    }
    const first = fileOf.get(read.id);
    if (first !== undefined) {
      report.refused.push({
        file: name,
        text: `${first} has the same session_id, "${read.id}", and comes first`,
      });
      continue;
    }
    fileOf.set(read.id, name);
    if (read.naive) report.localTimes = true;
    const { id, parentId, bytes, createdAt } = read;
    entries.push({ file: name, id, parentId, bytes, microseconds: createdAt.microseconds });
  }
  return entries;
}

/** The file, or why it cannot come in. */
export async function tryRead(directory: string, name: string, rules: FileRules): Promise<Read> {
  try {
    return { name, read: await readSessionFile(join(directory, name), rules) };
  } catch (error) {
    if (error instanceof FileFault) return { name, read: error };
    throw error;
  }
}

export interface Read {
  readonly name: string;
  readonly read: SessionFile | FileFault;
}

async function jsonFiles(directory: string, report: ImportReport): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    // A link is no file here, and is not followed.
    if (entry.isFile() && entry.name.endsWith('.json')) names.push(entry.name);
    else report.passedOver += 1;
  }
  return names.sort();
}
