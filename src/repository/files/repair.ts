import { copyFileSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../observer.ts';
import { syncDirectory } from './disk/directory-sync.ts';
import { acquireLock } from './disk/lock.ts';
import { type Layout, layoutOf } from './layout.ts';
import { decodeLine, splitLines } from './line.ts';
import { BUILDING, openFileRepository } from './open.ts';
import { type FileRepositoryOptions, withDefaults } from './options.ts';
import { repairLine, repairNewline, repairSplit } from './repair-line.ts';

/** Something that was done. `path` is relative to the data directory. */
export interface Mended {
  readonly path: string;
  readonly what: string;
}

/**
 * Mends what can be mended, and says what was done: puts flipped bits right, then opens and closes the store as after a crash,
 * which cuts torn tails, sweeps what a crash left, takes in what came from elsewhere, and brings the index up to date. The file as
 * it was, and what is cut, is kept in `torn/`. `paths` are the files in which a check found damaged lines.
 * Rejects with a DataDirectoryInUseError while a server runs.
 */
export async function repairDataDirectory(
  options: FileRepositoryOptions,
  paths: readonly string[],
): Promise<Mended[]> {
  const settings = withDefaults(options);
  const layout = layoutOf(settings.directory);
  const mended: Mended[] = [];
  const lock = acquireLock(layout);
  try {
    for (const [done, path] of paths.entries()) {
      settings.onProgress('Mending', done, paths.length);
      const lines = await repairFile(layout, path);
      const which = lines.length === 1 ? `line ${lines[0]}` : `lines ${lines.join(', ')}`;
      if (lines.length > 0) mended.push({ path, what: `put a flipped bit right in ${which}` });
    }
    // Without the mark of a clean stop every file and the index are looked at. The index stays, if it can be used: it knows
    // versions and ordinals that a damaged end of a file has lost, and that must not be given out again.
    rmSync(layout.indexClean, { force: true });
  } finally {
    lock.release();
  }
  const tell = (fields: object, message: string) => {
    const { path } = fields as { path?: string };
    if (path !== undefined && message !== 'quarantined') mended.push({ path, what: message });
  };
  const info = (_fields: object, message: string) => {
    if (message === BUILDING) mended.push({ path: 'index.db', what: 'built again' });
  };
  const logger: Logger = { debug() {}, info, warn: tell, error: tell };
  await (await openFileRepository({ ...options, logger })).close();
  return mended;
}

/** The numbers of the lines that were put right. */
async function repairFile(layout: Layout, path: string): Promise<number[]> {
  const absolute = join(layout.root, path);
  // What the power took is put back by the start below; links and folders are nothing of the store's.
  if (!lstatSync(absolute, { throwIfNoEntry: false })?.isFile()) return [];
  const content = readFileSync(absolute);
  const lines = [...splitLines((offset) => content.subarray(offset))].map(({ bytes }) => bytes);
  const repaired: number[] = [];
  const output: Buffer[] = [];
  for (let n = 0; n < lines.length; n += 1) {
    const line = lines[n]!;
    const next = lines[n + 1];
    if ('record' in decodeLine(line)) {
      output.push(line);
      continue;
    }
    const joined = next && repairSplit(line, next);
    const right = joined || repairLine(line) || repairNewline(line);
    output.push(right || line);
    if (right) repaired.push(n + 1);
    if (joined) n += 1;
  }
  if (repaired.length === 0) return [];
  mkdirSync(layout.torn, { recursive: true });
  copyFileSync(absolute, join(layout.torn, `${basename(path)}.whole.${Date.now()}`));
  const temporary = join(dirname(absolute), `.${process.pid}-repair.tmp`);
  const ending = content.at(-1) === 0x0a ? [Buffer.of(0x0a)] : [];
  const bytes = output.flatMap((line, n) => (n === 0 ? [line] : [Buffer.of(0x0a), line]));
  writeFileSync(temporary, Buffer.concat([...bytes, ...ending]), { flush: true });
  renameSync(temporary, absolute);
  await syncDirectory(dirname(absolute));
  return repaired;
}
