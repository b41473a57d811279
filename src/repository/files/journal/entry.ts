import { z } from 'zod';
import { decodeLine, encodeLine } from '../line.ts';

/** One write to a file of the store, as the journal holds it. */
export interface JournalEntry {
  /** Relative to the data directory, with `/` between its parts. */
  readonly path: string;
  /** Where `bytes` stand in the file. All entries of that file at or past it, made earlier, no longer count. */
  readonly offset: number;
  /** Whole lines; none where a write was taken back. */
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

/** Does it make its file? */
export function isCreation({ offset, bytes }: Pick<JournalEntry, 'offset' | 'bytes'>): boolean {
  return offset === 0 && bytes.length > 0;
}

/** How a file of the journal begins. */
export function encodeHeader(store: string): Buffer {
  return encodeLine({ op: 'journal', store });
}

/** What goes before the bytes of an entry. `batch` counts the writes to this file of the journal, from 1. */
export function encodeEntryLine({ path, offset, bytes }: JournalEntry, batch: number): Buffer {
  return encodeLine({ op: 'write', batch, path, offset, length: bytes.length });
}

export interface JournalRead {
  readonly entries: readonly JournalEntry[];
  /** The store that it belongs to; null where its first line cannot be read. */
  readonly store: string | null;
  /** Something within what was acknowledged cannot be read. */
  readonly damaged: boolean;
}

/**
 * Reads a file of the journal. It ends where nothing readable follows: in zeros, which are room for what was to come, or in a
 * batch that was cut short. What cannot be read before a whole batch was acknowledged, and is damage.
 */
export function readJournal(content: Buffer): JournalRead {
  const entries: JournalEntry[] = [];
  const first = header.safeParse(recordAt(content, 0)?.record);
  let unread = false;
  /** Batch of the first entry after something that could not be read: that was of this batch at the latest. */
  let unreadBatch = Number.POSITIVE_INFINITY;
  let lastBatch = 0;
  for (let at = 0; at < content.length; ) {
    const line = recordAt(content, at);
    const parsed = write.safeParse(line?.record);
    const bytes = parsed.success && content.subarray(line!.end, line!.end + parsed.data.length);
    if (bytes && bytes.length === parsed.data!.length && areLines(bytes)) {
      const { batch, path, offset } = parsed.data!;
      entries.push({ path, offset, bytes });
      if (unread) unreadBatch = Math.min(unreadBatch, batch);
      lastBatch = batch;
      at = line!.end + bytes.length;
    } else {
      // The file's first line is no entry, and nothing is wrong with that.
      unread ||= at > 0 || !first.success;
      at = nextEntry(content, at);
    }
  }
  return { entries, store: first.success ? first.data.store : null, damaged: lastBatch > unreadBatch };
}

const NEWLINE = 0x0a;
const ENTRY = Buffer.from('\n{"op":"write",');

function nextEntry(content: Buffer, from: number): number {
  const found = content.indexOf(ENTRY, from);
  return found === -1 ? content.length : found + 1;
}

function recordAt(content: Buffer, at: number): { record: object; end: number } | null {
  const newline = content.indexOf(NEWLINE, at);
  if (newline === -1) return null;
  const decoded = decodeLine(content.subarray(at, newline));
  return 'record' in decoded ? { record: decoded.record, end: newline + 1 } : null;
}

/** Each line of the store has a checksum of its own. */
function areLines(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; ) {
    const line = recordAt(bytes, at);
    if (line === null) return false;
    at = line.end;
  }
  return true;
}
