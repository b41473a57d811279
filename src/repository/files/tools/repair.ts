import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../../observer.ts';
import { copyPlainFile } from '../disk/copy-file.ts';
import { findDataDirectory } from '../disk/data-directory.ts';
import { syncDirectory } from '../disk/directory-sync.ts';
import { acquireLock } from '../disk/lock.ts';
import { makeFolder } from '../disk/make-folder.ts';
import { FILE_MODE } from '../disk/plain-file.ts';
import { diskFull } from '../disk/write-whole.ts';
import { type Layout, STORE_LOG } from '../format/layout.ts';
import { decodeLine, type Holding, type RawLine, splitLines, unconverted } from '../format/line.ts';
import { IndexDatabase } from '../index/database.ts';
import { openFileRepository } from '../open.ts';
import { BUILDING } from '../recovery/open-index.ts';
import { type FileRepositoryOptions, withDefaults } from '../runtime/options.ts';
import { withFileChunks } from '../scan/scan-lines.ts';
import { readStoreId } from '../scan/store-id.ts';
import { repairLine, repairNewline, repairSplit } from './repair-line.ts';

/** A repair that was made. `path` is relative to the data directory. */
export interface Mended {
  readonly path: string;
  readonly what: string;
}

/**
 * Repairs a data directory, and returns the repairs. It repairs flipped bits, then opens and closes the store as
 * after a crash. This cuts torn tails, removes temporary files of a crash, adopts sessions from elsewhere, and
 * brings the index up to date. Original files and cut tails are kept in `torn/`. `paths` are the files in which a
 * check found damaged lines. Rejects with a DataDirectoryInUseError while a server runs.
 */
export async function repairDataDirectory(
  options: FileRepositoryOptions,
  paths: readonly string[],
): Promise<Mended[]> {
  const settings = withDefaults(options);
  const layout = findDataDirectory(settings.directory);
  const mended: Mended[] = [];
  const lock = await acquireLock(layout, settings.logger);
  try {
    for (const [done, path] of paths.entries()) {
      settings.onProgress('Mending', done, paths.length);
      const { flipped, converted, shortened } = await repairFile(layout, path);
      if (path === STORE_LOG && shortened) tellIndex(layout, shortened);
      const which = flipped.length === 1 ? `line ${flipped[0]}` : `lines ${flipped.join(', ')}`;
      if (converted > 0)
        mended.push({ path, what: `took out what a copy in text mode had put into ${linesOf(converted)}` });
      if (flipped.length > 0) mended.push({ path, what: `put a flipped bit right in ${which}` });
    }
    // Without the mark of a clean stop, the start reads every file and verifies the index. The index stays,
    // if usable: only the index knows the versions and ordinals in the lost end of a damaged file. These must not
    // be given out again.
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

/**
 * Corrects the log's size in the index, which is the size before the conversion was undone. Compared with that
 * size, the log would seem to have lost its end.
 */
function tellIndex(layout: Layout, { from, to }: Shortened): void {
  const index = IndexDatabase.open(layout.index, readStoreId(layout), { readOnly: false, verify: true });
  if (!index) return;
  try {
    const known = index.storeLogSize;
    if (known > to && known <= from) index.storeLogSize = to;
  } finally {
    index.close();
  }
}

function linesOf(count: number): string {
  return count === 1 ? '1 line' : `${count} lines`;
}

interface RepairedLines {
  /** Numbers of the lines in which a bit was repaired. */
  readonly flipped: readonly number[];
  /** Number of lines from which a byte order mark or a carriage return was removed. */
  readonly converted: number;
  readonly shortened: Shortened | null;
}

/** Bytes of a file before and after. */
interface Shortened {
  readonly from: number;
  readonly to: number;
}

const NOTHING: RepairedLines = { flipped: [], converted: 0, shortened: null };

async function repairFile(layout: Layout, path: string): Promise<RepairedLines> {
  const absolute = join(layout.root, path);
  // The start below restores files that a power cut has removed. Links and folders do not belong to the store.
  if (!lstatSync(absolute, { throwIfNoEntry: false })?.isFile()) return NOTHING;
  const { edits, flipped, converted } = findEdits(absolute);
  if (edits.length === 0) return NOTHING;
  makeFolder(layout.torn);
  copyPlainFile(absolute, join(layout.torn, `${basename(path)}.whole.${Date.now()}`));
  const temporary = join(dirname(absolute), `.${process.pid}-repair.tmp`);
  const { from, to } = writeEdited(absolute, edits, temporary);
  renameSync(temporary, absolute);
  await syncDirectory(dirname(absolute));
  return { flipped, converted, shortened: to < from ? { from, to } : null };
}

/** The bytes from `start` to `end` of a file are to be replaced by `bytes`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Buffer;
}

/** Bytes of the longest line that is tried to be repaired. */
const REPAIRED_BYTES_MAX = 64 * 1024 * 1024;

const holdToRepair: Holding = (length) => length <= REPAIRED_BYTES_MAX;

interface FoundLine {
  readonly start: number;
  readonly end: number;
  /** The line without what a copy in text mode has added; null if it is too long to be repaired. */
  readonly bytes: Buffer | null;
  readonly isWhole: boolean;
  readonly isConverted: boolean;
  readonly number: number;
}

/** What would repair the lines of a file. No more than two lines are in memory at one time. */
function findEdits(path: string): Pick<RepairedLines, 'flipped' | 'converted'> & { edits: Edit[] } {
  const edits: Edit[] = [];
  const flipped: number[] = [];
  let converted = 0;
  /** A bad line, which may go on in the next one. */
  let last: FoundLine | null = null;
  const repairAlone = (line: FoundLine) => {
    const right = line.bytes && (repairLine(line.bytes) || repairNewline(line.bytes));
    if (right) flipped.push(line.number);
    if (right || line.isConverted) edits.push({ ...line, bytes: right || line.bytes! });
  };
  withFileChunks(path, (read) => {
    for (const split of splitLines(read, holdToRepair)) {
      const line = lookAtLine(split);
      if (line.isConverted) converted += 1;
      const joined = last?.bytes && line.bytes && repairSplit(last.bytes, line.bytes);
      if (last && joined) {
        flipped.push(last.number);
        edits.push({ start: last.start, end: line.end, bytes: joined });
        last = null;
        continue;
      }
      if (last) repairAlone(last);
      last = line.isWhole ? null : line;
      if (line.isWhole && line.isConverted) edits.push({ ...line, bytes: line.bytes! });
    }
  });
  if (last) repairAlone(last);
  return { edits, flipped, converted };
}

function lookAtLine({ bytes, offset, length, number }: RawLine): FoundLine {
  const place = { start: offset, end: offset + length, number };
  if (bytes === null) return { ...place, bytes, isWhole: false, isConverted: false };
  if ('record' in decodeLine(bytes)) return { ...place, bytes, isWhole: true, isConverted: false };
  // A copy: the line is needed after the next one is read, which reuses the buffer.
  const plain = Buffer.from(unconverted(bytes));
  const isWhole = 'record' in decodeLine(plain);
  return { ...place, bytes: plain, isWhole, isConverted: plain.length < length };
}

/** Writes a copy of a file with its edits, in order. Returns the bytes of both. */
function writeEdited(path: string, edits: readonly Edit[], copy: string): Shortened {
  rmSync(copy, { force: true });
  const fd = openSync(copy, 'wx', FILE_MODE);
  try {
    const write = (bytes: Buffer) => {
      const written = writeSync(fd, bytes);
      if (written !== bytes.length) throw diskFull(written, bytes.length);
      return written;
    };
    return withFileChunks(path, (read, { size }) => {
      let to = 0;
      let at = 0;
      for (const { start, end, bytes } of [...edits, { start: size, end: size, bytes: Buffer.alloc(0) }]) {
        for (let chunk = read(at, start - at); chunk.length > 0; chunk = read(at, start - at)) {
          to += write(chunk);
          at += chunk.length;
        }
        to += write(bytes);
        at = end;
      }
      fsyncSync(fd);
      return { from: size, to };
    });
  } finally {
    closeSync(fd);
  }
}
