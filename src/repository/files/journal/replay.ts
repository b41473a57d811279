import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import type { Logger } from '../../observer.ts';
import { type Layout, sessionIdOfFileName, sessionPath, shardOf } from '../layout.ts';
import { readStoreLog } from '../store-log.ts';
import { isCreation, type JournalEntry, type JournalRead, readJournal } from './entry.ts';
import { NamedFiles } from './named-files.ts';
import { type SegmentFile, segmentFiles } from './segment-files.ts';

/** A file of the journal that an earlier process left. */
export interface LeftSegment {
  readonly path: string;
  readonly files: NamedFiles;
}

/** What a file of the store lacks of what was acknowledged: the power took it. */
export interface Lacking {
  /** Relative to the data directory. */
  readonly path: string;
  readonly entries: readonly JournalEntry[];
  /** What the file should have before them is not there either, and not in the journal. */
  readonly gap: boolean;
}

/** What the files of `store` lack of what its journal holds. Changes nothing. */
export function journalLacks(layout: Layout, store: string): Iterable<Lacking> {
  const entries = new LatestEntries();
  for (const { read } of readSegments(layout, store)) entries.add(read.entries, false);
  return entries.lacking(layout);
}

/**
 * Gives the files of `store` what they lack of what its journal holds, after the power went. Whatever else is wrong with them is
 * left as it is. Gives the files of the journal: they can go once the files that they name are synced.
 */
export function replayJournal(layout: Layout, store: string, logger: Logger): LeftSegment[] {
  const left: LeftSegment[] = [];
  const entries = new LatestEntries();
  for (const { path, read, unsynced } of readSegments(layout, store)) {
    if (read.damaged) keepAside(layout, path, logger, 'a part of the journal cannot be read');
    entries.add(read.entries, unsynced);
    left.push({ path, files: new NamedFiles(read.entries) });
  }
  for (const { path, entries: lacking, gap } of entries.lacking(layout)) {
    if (gap) {
      for (const segment of left) {
        if (segment.files.paths.has(path))
          keepAside(layout, segment.path, logger, `it goes on where ${path} has lost its end`);
      }
    }
    if (lacking.length === 0) continue;
    writeEntries(join(layout.root, path), lacking);
    const bytes = lacking.reduce((sum, entry) => sum + entry.bytes.length, 0);
    logger.warn({ path, from: lacking[0]!.offset, bytes }, 'put back acknowledged writes, which it had lost');
  }
  return left;
}

/** Writes entries into their file. Whoever dispenses with the journal syncs it. */
function writeEntries(path: string, entries: readonly JournalEntry[]): void {
  const makes = isCreation(entries[0]!);
  if (makes) mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | (makes ? constants.O_CREAT : 0));
  try {
    for (const { offset, bytes } of entries) {
      const written = writeSync(fd, bytes, 0, bytes.length, offset);
      if (written !== bytes.length)
        throw new Error(`${path} takes ${written} of ${bytes.length} bytes: make room`);
    }
  } finally {
    closeSync(fd);
  }
}

interface ReadSegment extends SegmentFile {
  readonly read: JournalRead;
}

function* readSegments(layout: Layout, store: string): Generator<ReadSegment> {
  for (const file of segmentFiles(layout)) {
    const read = readJournal(readFileSync(file.path));
    // Another store's may have come with a copied directory: what it says of files of the same names is not of these.
    yield { ...file, read: read.store === null || read.store === store ? read : { ...read, entries: [] } };
  }
}

function keepAside(layout: Layout, path: string, logger: Logger, reason: string): void {
  mkdirSync(layout.torn, { recursive: true });
  const kept = join('torn', `${basename(path)}.${Date.now()}`);
  copyFileSync(path, join(layout.root, kept));
  logger.warn({ path: join('journal', basename(path)), kept, reason }, 'kept a file of the journal aside');
}

/** The entries of each file that count. */
class LatestEntries {
  readonly #byFile = new Map<string, JournalEntry[]>();
  readonly #unsynced = new Set<string>();

  /**
   * In the order in which they were made. Where a sync of their file has failed, the system may show what the disk does not have:
   * those are written again, lacking or not.
   */
  add(entries: readonly JournalEntry[], unsynced: boolean): void {
    for (const entry of entries) {
      if (!isFileOfStore(entry.path)) continue;
      if (unsynced) this.#unsynced.add(entry.path);
      const earlier = this.#byFile.get(entry.path);
      if (earlier) replaceFrom(earlier, entry);
      else this.#byFile.set(entry.path, [entry]);
    }
  }

  /** The log's comes first: it says which files are to be gone. */
  *lacking(layout: Layout): Generator<Lacking> {
    yield* this.#lackingOf(layout, LOG);
    let deleted: ReadonlySet<string> | undefined;
    for (const path of this.#byFile.keys()) {
      if (path === LOG) continue;
      if (!existsSync(join(layout.root, path))) {
        deleted ??= deletedFiles(layout);
        if (deleted.has(path)) continue;
      }
      yield* this.#lackingOf(layout, path);
    }
  }

  *#lackingOf(layout: Layout, path: string): Generator<Lacking> {
    const entries = this.#byFile.get(path);
    if (!entries) return;
    const lacking = lackingOf(join(layout.root, path), entries, this.#unsynced.has(path));
    if (lacking.entries.length > 0 || lacking.gap) yield { path, ...lacking };
  }
}

const LOG = 'store.jsonl';

/** Files of sessions that the log says are deleted. */
function deletedFiles(layout: Layout): Set<string> {
  const files = new Set<string>();
  readStoreLog(layout, null, (record) => {
    if (record.op !== 'delete') return;
    for (const { id } of record.sessions) files.add(sessionPath(id).replaceAll(sep, '/'));
  });
  return files;
}

/** Adds `entry`, which takes the place of all that stands at its offset or past it. */
function replaceFrom(entries: JournalEntry[], entry: JournalEntry): void {
  for (let last = entries.at(-1); last && endOf(last) > entry.offset; last = entries.at(-1)) {
    entries.pop();
    if (last.offset < entry.offset)
      entries.push({ ...last, bytes: last.bytes.subarray(0, entry.offset - last.offset) });
  }
  entries.push(entry);
}

function endOf({ offset, bytes }: JournalEntry): number {
  return offset + bytes.length;
}

/** No other may be written to, whatever a journal says. */
function isFileOfStore(path: string): boolean {
  if (path === LOG) return true;
  const [, shard, name] = /^sessions\/([0-9a-f]{2})\/([^/]+)$/.exec(path) ?? [];
  const id = name === undefined ? null : sessionIdOfFileName(name);
  return id !== null && shardOf(id) === shard;
}

function lackingOf(
  path: string,
  entries: readonly JournalEntry[],
  unsynced: boolean,
): Pick<Lacking, 'entries' | 'gap'> {
  const lacking: JournalEntry[] = [];
  const fd = existsSync(path) ? openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW) : null;
  try {
    // Where the journal does not hold its creation, that was synced: it is somebody else who has removed it.
    if (fd === null && !isCreation(entries[0]!)) return { entries: [], gap: false };
    let end = fd === null ? 0 : fstatSync(fd).size;
    for (const entry of entries) {
      if (entry.offset > end) return { entries: lacking, gap: true };
      const there = fd === null ? NOTHING : readAt(fd, entry.offset, entry.bytes.length);
      if (!wasLost(there, entry.bytes) && !(unsynced && there.equals(entry.bytes))) continue;
      lacking.push(entry);
      end = Math.max(end, endOf(entry));
    }
    return { entries: lacking, gap: false };
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

const NOTHING = Buffer.alloc(0);

function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
}

/** A write that the power took leaves nothing, or zeros. What differs in another way is damage, and is told as such. */
function wasLost(there: Buffer, written: Buffer): boolean {
  if (there.equals(written)) return false;
  return there.every((byte, n) => byte === written[n] || byte === 0);
}
