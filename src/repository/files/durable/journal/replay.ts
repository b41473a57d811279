import { closeSync, constants, fsyncSync, lstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../../../observer.ts';
import { copyPlainFile } from '../../disk/copy-file.ts';
import { makeFolder } from '../../disk/make-folder.ts';
import { FOLDER_MODE, openPlain } from '../../disk/plain-file.ts';
import { isFaultOfOneFile, isGone, isOfOtherKind, NOT_PLAIN } from '../../disk/unreadable-file.ts';
import type { Layout } from '../../format/layout.ts';
import { withFileChunks } from '../../scan/scan-lines.ts';
import { isCreation, type JournalEntry, type JournalRead, readJournal, type SegmentBytes } from './entry.ts';
import { type Difference, LatestEntries } from './latest-entries.ts';
import { NamedFiles } from './named-files.ts';
import { type SegmentFile, segmentFiles } from './segment-files.ts';

/** A segment that an earlier process left. */
export interface LeftSegment {
  readonly path: string;
  readonly files: NamedFiles;
}

export interface Replayed {
  /** Segments to remove once the files that they name are synced. */
  readonly left: readonly LeftSegment[];
  /** What is lost, file by file; the caller reports it. */
  readonly lost: readonly (Difference & { readonly lost: string })[];
}

/** How the files of `store` differ from its journal. Changes nothing. */
export function compareWithJournal(layout: Layout, store: string): Iterable<Difference> {
  const entries = new LatestEntries();
  const unread: Difference[] = [];
  const folder = lstatSync(layout.journal, { throwIfNoEntry: false });
  if (folder && !folder.isDirectory())
    unread.push({ path: basename(layout.journal), lacking: [], lost: 'not a folder' });
  for (const segment of readSegments(layout)) {
    if (segment.read === null) unread.push(unreadSegment(layout, segment));
    else if (isOf(segment.read, store)) entries.add(segment.read.entries, false);
  }
  return concat(unread, entries.differences(layout));
}

function* concat<T>(...parts: readonly Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

/**
 * Restores to the files of `store` what a power cut took and the journal holds. Any other damage is left as
 * it is.
 */
export function replayJournal(layout: Layout, store: string, logger: Logger): Replayed {
  const left: LeftSegment[] = [];
  const aside = new Aside(layout, logger);
  const entries = new LatestEntries();
  const lost: Replayed['lost'][number][] = [];
  for (const segment of readSegments(layout)) {
    const { path, read, unsynced } = segment;
    if (read === null) {
      lost.push(unreadSegment(layout, segment));
      continue;
    }
    if (read.damaged) aside.keep(path, 'a part of it cannot be read');
    if (isOf(read, store)) {
      entries.add(read.entries, unsynced);
      left.push({ path, files: new NamedFiles(read.entries) });
    } else {
      aside.keep(path, `it belongs to the store ${read.store}, and this is ${store}`);
      left.push({ path, files: new NamedFiles() });
    }
  }
  for (const difference of entries.differences(layout)) {
    const { path, lacking } = difference;
    if (difference.lost !== null) {
      lost.push({ ...difference, lost: difference.lost });
      for (const segment of left) {
        if (segment.files.has(path)) aside.keep(segment.path, `${path}: ${difference.lost}`);
      }
    }
    if (lacking.length === 0) continue;
    writeEntries(join(layout.root, path), lacking);
    const bytes = lacking.reduce((sum, entry) => sum + entry.bytes.length, 0);
    logger.warn(
      { path, from: lacking[0]!.offset, bytes },
      'restored acknowledged writes that the file had lost',
    );
  }
  return { left, lost };
}

/** Writes entries into their file. The file is synced before the segment is removed. */
function writeEntries(path: string, entries: readonly JournalEntry[]): void {
  const makes = isCreation(entries[0]!);
  if (makes) mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const { fd } = openPlain(path, constants.O_RDWR | (makes ? constants.O_CREAT : 0));
  try {
    for (const { offset, bytes } of entries) {
      const written = writeSync(fd, bytes, 0, bytes.length, offset);
      if (written !== bytes.length)
        throw new Error(`${path} takes ${written} of ${bytes.length} bytes: make room, and start again.`);
    }
  } finally {
    closeSync(fd);
  }
}

interface ReadSegment extends SegmentFile {
  /** Null if there is something else in the place of the segment. */
  readonly read: JournalRead | null;
}

function* readSegments(layout: Layout): Generator<ReadSegment> {
  for (const file of segmentFiles(layout)) {
    let read: JournalRead | null;
    try {
      read = withFileChunks(file.path, (chunk) => readJournal(inWindow(chunk)));
    } catch (error) {
      if (!isFaultOfOneFile(error)) throw error;
      // Read beside the process that owns the directory, a segment may be removed at any time.
      if (isGone(error)) continue;
      if (!isOfOtherKind(error)) throw error;
      read = null;
    }
    yield { ...file, read };
  }
}

/** Most reads of a segment are of a few hundred bytes: they are served from the chunk that was read last. */
function inWindow(read: SegmentBytes): SegmentBytes {
  let chunk: Buffer = Buffer.alloc(0);
  let start = 0;
  return (offset, most) => {
    const isIn = most !== undefined && offset >= start && offset + most <= start + chunk.length;
    if (!isIn) {
      chunk = read(offset);
      start = offset;
    }
    return chunk.subarray(offset - start, most === undefined ? undefined : offset - start + most);
  };
}

function unreadSegment({ root }: Layout, { path }: SegmentFile): Difference & { readonly lost: string } {
  return { path: path.slice(root.length + 1), lacking: [], lost: NOT_PLAIN };
}

/**
 * A copied directory may bring another store's journal: its entries name other files, even under the same
 * names.
 */
function isOf(read: JournalRead, store: string): boolean {
  return read.store === null || read.store === store;
}

/** Keeps copies of segments for inspection before they are removed, each once. */
class Aside {
  readonly #layout: Layout;
  readonly #logger: Logger;
  readonly #kept = new Set<string>();

  constructor(layout: Layout, logger: Logger) {
    this.#layout = layout;
    this.#logger = logger;
  }

  keep(path: string, reason: string): void {
    if (this.#kept.has(path)) return;
    this.#kept.add(path);
    const { torn, journal, root } = this.#layout;
    makeFolder(torn);
    const kept = join(torn, `${basename(path)}.${Date.now()}`);
    copyPlainFile(path, kept);
    syncNow(torn);
    this.#logger.warn(
      { path: join(basename(journal), basename(path)), kept: kept.slice(root.length + 1), reason },
      'kept a copy of a journal file in torn/',
    );
  }
}

function syncNow(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
