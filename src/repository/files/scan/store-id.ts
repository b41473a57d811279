import { randomUUID } from 'node:crypto';
import { lstatSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { lookAt } from '../disk/known-file.ts';
import { listShard, shardFolders } from '../disk/shard-folders.ts';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import { writeNewFile } from '../disk/write-new-file.ts';
import { type Layout, sessionIdOfFileName } from '../format/layout.ts';
import { decodeLine, encodeLine, type RawLine, splitLines, unconverted } from '../format/line.ts';
import { parseStoreRecord } from '../format/store-record.ts';
import { withFileChunks } from './scan-lines.ts';
import { scanSession } from './scan-session.ts';

/** The version of FORMAT.md that this program writes. */
export const FORMAT = 2;

/** The directory holds no store, or none that this version can read. */
export class UnreadableStoreError extends Error {
  override readonly name = 'UnreadableStoreError';
}

/**
 * The store's id, which each session's first line names. Reads the first line of `store.jsonl`; if that is
 * damaged, session files. Throws an UnreadableStoreError if there is no store that this version can read.
 */
export function readStoreId(layout: Layout): string {
  const log = lookAt(layout.storeLog);
  if (!log) {
    throw new UnreadableStoreError(
      `There is no Sessiontree store at ${layout.root}: it has no store.jsonl. Name its directory with --data.`,
    );
  }
  if (!log.isFile())
    throw new UnreadableStoreError(
      `Expected a file at ${layout.storeLog}, got something else: links are not followed. Put the file back, or name another ` +
        'directory with --data.',
    );
  const header = readHeader(layout);
  if ('format' in header) refuseOtherFormat(layout, header.format);
  const store = 'store' in header ? header.store : storeOfSessions(layout);
  if (store !== null) return store;
  throw new UnreadableStoreError(
    `${layout.storeLog} does not say which store it belongs to (${'fault' in header ? header.fault : ''}). ` +
      'Restore it from a backup, or name another directory with --data.',
  );
}

/** Throws an UnreadableStoreError if this version does not read the `format` that the log has. */
export function refuseOtherFormat(layout: Layout, format: number): void {
  if (format >= 1 && format <= FORMAT) return;
  throw new UnreadableStoreError(
    `${layout.storeLog} has format ${format}; this version of Sessiontree reads formats 1 to ${FORMAT}. ` +
      'Use the version that wrote it, or a later one.',
  );
}

/** Bytes read from the start of the log: many more than the line that `createStoreLog` writes has. */
const HEADER_BYTES_MAX = 4 * 1024;

function readHeader(layout: Layout): { format: number; store: string } | { fault: string } {
  return withFileChunks(layout.storeLog, (read) => {
    const beginning = Buffer.from(read(0, HEADER_BYTES_MAX));
    const [first] = splitLines((offset) => beginning.subarray(offset));
    if (!first) return { fault: 'it is empty' };
    let fault = '';
    for (const bytes of readingsOf(first)) {
      const decoded = decodeLine(bytes);
      const parsed = 'record' in decoded ? parseStoreRecord(decoded.record) : decoded;
      if ('fault' in parsed) fault ||= parsed.fault;
      else if (parsed.record.op === 'store') return parsed.record;
      else fault ||= `expected a "store" record, got "${parsed.record.op}"`;
    }
    return { fault };
  });
}

/**
 * The line as it is; without the bytes that a copy in text mode adds, because the whole directory may be such a
 * copy; and without a damaged newline at the end of the file.
 */
function readingsOf({ bytes, terminated }: RawLine): Buffer[] {
  if (bytes === null) return [];
  return [bytes, unconverted(bytes), ...(terminated ? [] : [bytes.subarray(0, -1)])];
}

/**
 * Creates the log if there is none. Sessions that exist without a log name their store: they stay readable,
 * though the store's deletions are no longer known.
 */
export function createStoreLog(layout: Layout): void {
  if (lstatSync(layout.storeLog, { throwIfNoEntry: false })) return;
  const store = storeOfSessions(layout) ?? randomUUID();
  const header = { op: 'store', format: FORMAT, store, at: new Date().toISOString() };
  const temporary = `${layout.storeLog}.tmp`;
  writeNewFile(temporary, encodeLine(header), { flush: true });
  renameSync(temporary, layout.storeLog);
}

/** The store of the first readable session. An adopted session's file names the store that adopted it. */
function storeOfSessions(layout: Layout): string | null {
  for (const shard of shardFolders(layout).there) {
    const directory = join(layout.sessions, shard);
    for (const entry of listShard(layout, shard).entries ?? []) {
      const { name } = entry;
      const id = sessionIdOfFileName(name);
      if (!entry.isFile() || id === null) continue;
      const store = storeOf(join(directory, name), id);
      if (store !== null) return store;
    }
  }
  return null;
}

/** Null if the store's id cannot be read. */
function storeOf(path: string, id: string): string | null {
  try {
    return withFileChunks(path, (read) => scanSession(read, id, null, { emit() {}, elsewhere: new Set() }))
      .store;
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return null;
  }
}
