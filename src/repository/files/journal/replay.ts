import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../../observer.ts';
import type { Layout } from '../layout.ts';
import { isCreation, type JournalEntry, type JournalRead, readJournal } from './entry.ts';
import { type Difference, LatestEntries } from './latest-entries.ts';
import { NamedFiles } from './named-files.ts';
import { type SegmentFile, segmentFiles } from './segment-files.ts';

/** A file of the journal that an earlier process left. */
export interface LeftSegment {
  readonly path: string;
  readonly files: NamedFiles;
}

export interface Replayed {
  /** They can go once the files that they name are synced. */
  readonly left: readonly LeftSegment[];
  /** What is lost, file by file: it is for the caller to report. */
  readonly lost: readonly (Difference & { readonly lost: string })[];
}

/** How the files of `store` differ from what its journal says. Changes nothing. */
export function compareWithJournal(layout: Layout, store: string): Iterable<Difference> {
  const entries = new LatestEntries();
  for (const { read } of readSegments(layout)) {
    if (isOf(read, store)) entries.add(read.entries, false);
  }
  return entries.differences(layout);
}

/**
 * Gives the files of `store` what they lack of what its journal holds, after the power went. Whatever else is wrong with them is
 * left as it is.
 */
export function replayJournal(layout: Layout, store: string, logger: Logger): Replayed {
  const left: LeftSegment[] = [];
  const aside = new Aside(layout, logger);
  const entries = new LatestEntries();
  for (const { path, read, unsynced } of readSegments(layout)) {
    if (read.damaged) aside.keep(path, 'a part of it cannot be read');
    if (isOf(read, store)) {
      entries.add(read.entries, unsynced);
      left.push({ path, files: new NamedFiles(read.entries) });
    } else {
      aside.keep(path, `it belongs to the store ${read.store}, and this is ${store}`);
      left.push({ path, files: new NamedFiles() });
    }
  }
  const lost: Replayed['lost'][number][] = [];
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
    logger.warn({ path, from: lacking[0]!.offset, bytes }, 'put back acknowledged writes, which it had lost');
  }
  return { left, lost };
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
        throw new Error(`${path} takes ${written} of ${bytes.length} bytes: make room, and start again.`);
    }
  } finally {
    closeSync(fd);
  }
}

interface ReadSegment extends SegmentFile {
  readonly read: JournalRead;
}

function* readSegments(layout: Layout): Generator<ReadSegment> {
  for (const file of segmentFiles(layout)) {
    // Beside a process that owns the directory, one may go at any time.
    if (existsSync(file.path)) yield { ...file, read: readJournal(readFileSync(file.path)) };
  }
}

/** Another store's may have come with a copied directory: what it says of files of the same names is not of these. */
function isOf(read: JournalRead, store: string): boolean {
  return read.store === null || read.store === store;
}

/** Keeps files of the journal for people to look at, each once, before they go. */
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
    mkdirSync(torn, { recursive: true });
    const kept = join(torn, `${basename(path)}.${Date.now()}`);
    writeFileSync(kept, readFileSync(path), { flush: true });
    syncNow(torn);
    this.#logger.warn(
      { path: join(basename(journal), basename(path)), kept: kept.slice(root.length + 1), reason },
      'kept a file of the journal aside',
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
