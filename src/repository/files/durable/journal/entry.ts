import { z } from 'zod';
import { decodeLine, encodeLine, LINE_BYTES_MAX } from '../../format/line.ts';

/** One write to a file of the store, as an entry of the journal. */
export interface JournalEntry {
  /** Relative to the data directory, with `/` between its parts. */
  readonly path: string;
  /**
   * Offset of `bytes` in the file. The entry supersedes earlier entries of the file at or past this offset.
   */
  readonly offset: number;
  /** Whole lines; empty if a write was undone. */
  readonly bytes: Buffer;
}

const header = z.object({ op: z.literal('journal'), store: z.string() });
const write = z.object({
  op: z.literal('write'),
  batch: z.int().min(1),
  path: z.string(),
  offset: z.int().min(0),
  length: z.int().min(0),
});

/** True if the entry creates its file. */
export function isCreation({ offset, bytes }: Pick<JournalEntry, 'offset' | 'bytes'>): boolean {
  return offset === 0 && bytes.length > 0;
}

/** The first line of a segment. */
export function encodeHeader(store: string): Buffer {
  return encodeLine({ op: 'journal', store });
}

/** The line that precedes an entry's bytes. `batch` counts the writes to this segment, from 1. */
export function encodeEntryLine({ path, offset, bytes }: JournalEntry, batch: number): Buffer {
  return encodeLine({ op: 'write', batch, path, offset, length: bytes.length });
}

export interface JournalRead {
  readonly entries: readonly JournalEntry[];
  /** The store that the segment belongs to; null if its first line cannot be read. */
  readonly store: string | null;
  /** True if a part of what was acknowledged cannot be read. */
  readonly damaged: boolean;
}

/** Bytes of a segment from an offset on: as many as fit into one read, up to `most`; none at the end. */
export type SegmentBytes = (offset: number, most?: number) => Buffer;

/**
 * Reads a segment. It ends where nothing readable follows: in preallocated zeros, or in a batch that was cut
 * short. Something unreadable before a whole batch was acknowledged, and is damage. Only entries are held in memory.
 */
export function readJournal(read: SegmentBytes): JournalRead {
  const entries: JournalEntry[] = [];
  const first = header.safeParse(lineAt(read, 0)?.record);
  let unread = false;
  /** Batch of the first entry after something unreadable, which belongs to this batch or an earlier one. */
  let unreadBatch = Number.POSITIVE_INFINITY;
  let lastBatch = 0;
  for (let at: number | null = 0; at !== null; ) {
    const line = lineAt(read, at);
    const parsed = write.safeParse(line?.record);
    const bytes = parsed.success ? bytesAt(read, line!.end, parsed.data.length) : null;
    if (bytes && areLines(bytes)) {
      const { batch, path, offset } = parsed.data!;
      entries.push({ path, offset, bytes });
      if (unread) unreadBatch = Math.min(unreadBatch, batch);
      lastBatch = batch;
      at = line!.end + bytes.length;
    } else {
      // The segment's first line is a header, not an entry: it does not count as unreadable.
      unread ||= at > 0 || !first.success;
      at = nextEntry(read, at);
    }
  }
  return { entries, store: first.success ? first.data.store : null, damaged: lastBatch > unreadBatch };
}

const NEWLINE = 0x0a;
const ENTRY = Buffer.from('\n{"op":"write",');

/** Bytes of the longest line of a header or of an entry: far more than a path and some numbers have. */
const OWN_LINE_BYTES_MAX = 4 * 1024;

/** The offset of the next line that begins as an entry does; null if none follows. */
function nextEntry(read: SegmentBytes, from: number): number | null {
  for (let at = from; ; ) {
    const chunk = read(at);
    const found = chunk.indexOf(ENTRY);
    if (found !== -1) return at + found + 1;
    // The beginning may stand across the end of the chunk.
    if (chunk.length < ENTRY.length) return null;
    at += chunk.length - ENTRY.length + 1;
  }
}

/** The bytes of an entry; null if the segment ends before. */
function bytesAt(read: SegmentBytes, start: number, length: number): Buffer | null {
  if (length > LINE_BYTES_MAX) return null;
  const pieces: Buffer[] = [];
  let left = length;
  while (left > 0) {
    const chunk = read(start + length - left, left);
    if (chunk.length === 0) return null;
    pieces.push(Buffer.from(chunk));
    left -= chunk.length;
  }
  return Buffer.concat(pieces);
}

/** The record of a line of the segment itself; null if it cannot be read. */
function lineAt(read: SegmentBytes, at: number): Line | null {
  return recordAt(read(at, OWN_LINE_BYTES_MAX), 0, at);
}

interface Line {
  readonly record: object;
  /** Offset of what follows the line. */
  readonly end: number;
}

function recordAt(content: Buffer, at: number, start = 0): Line | null {
  const newline = content.indexOf(NEWLINE, at);
  if (newline === -1) return null;
  const decoded = decodeLine(content.subarray(at, newline));
  return 'record' in decoded ? { record: decoded.record, end: start + newline + 1 } : null;
}

/** True if `bytes` are whole lines with valid checksums: each line of the store has its own. */
function areLines(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; ) {
    const line = recordAt(bytes, at);
    if (line === null) return false;
    at = line.end;
  }
  return true;
}
