import { lstatSync, readFileSync, renameSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isPlainDatabase } from '../disk/database-file.ts';
import { writeNewFile } from '../disk/write-new-file.ts';
import { type Layout, SHARDS } from '../format/layout.ts';
import { crcOfFile } from '../scan/crc-of-file.ts';

const file = z.object({ size: z.number(), mtimeMs: z.number(), crc: z.number().nullable() });
const mark = z.object({
  lastSeq: z.int(),
  /** The latest time that the store gave out, in milliseconds since 1970. Earlier versions did not write it. */
  latestTime: z.number().optional(),
  index: file,
  shards: z.array(z.number()).length(SHARDS.length),
});

/** The mark of a clean stop: the index was current then. Contains the state of the index and of the folders. */
export interface CleanStop extends z.output<typeof mark> {
  /** The folders in which a file was added, removed or replaced since. */
  changedShards(layout: Layout): string[];
}

/** Null if the store was not stopped cleanly, or if its mark cannot be read. */
export function readCleanStop(layout: Layout): CleanStop | null {
  if (!lstatSync(layout.indexClean, { throwIfNoEntry: false })?.isFile()) return null;
  const parsed = mark.safeParse(jsonOrNull(readFileSync(layout.indexClean, 'utf8')));
  if (!parsed.success) return null;
  const { shards } = parsed.data;
  const changedShards = (now: Layout) => {
    const times = shardTimes(now);
    return SHARDS.filter((_, n) => times[n] !== shards[n]);
  };
  return { ...parsed.data, changedShards };
}

/**
 * Compares the index with the one at the clean stop. A small index is compared by checksum. A large one is
 * compared by its time alone: if that differs, the index may have been copied or changed.
 */
export function compareIndex(layout: Layout, stop: CleanStop): 'same' | 'changed' | 'unknown' {
  if (!isPlainDatabase(layout.index)) return 'changed';
  const now = fileOf(layout.index);
  const { size, mtimeMs, crc } = stop.index;
  if (now.size !== size || now.crc !== crc) return 'changed';
  return crc !== null || now.mtimeMs === mtimeMs ? 'same' : 'unknown';
}

/**
 * Bytes of the largest index that is checked by its checksum, which finds a flipped bit. At 1 GB/s, reading it
 * takes 64 ms. `check` reads an index of any size.
 */
const CHECKSUMMED_BYTES_MAX = 64 * 1024 * 1024;

function fileOf(path: string): z.output<typeof file> {
  const { size, mtimeMs } = lstatSync(path);
  return { size, mtimeMs, crc: size > CHECKSUMMED_BYTES_MAX ? null : crcOfFile(path) };
}

/** The file of the index, whatever its name becomes. */
export type IndexFile = Pick<Stats, 'dev' | 'ino'>;

/**
 * Call once the index is closed. `opened` is the file that the store had open. Leaves no mark if another file has
 * its name now: the store's changes are not in that one. Leaves none either if a part of the index is still in
 * SQLite's WAL: a process that reads beside the owner keeps the WAL from being checkpointed and removed.
 */
export function writeCleanStop(
  layout: Layout,
  opened: IndexFile,
  last: Required<Pick<CleanStop, 'lastSeq' | 'latestTime'>>,
): void {
  const now = lstatSync(layout.index, { throwIfNoEntry: false });
  if (!now?.isFile() || now.ino !== opened.ino || now.dev !== opened.dev) return;
  const wal = lstatSync(`${layout.index}-wal`, { throwIfNoEntry: false });
  if (wal && wal.size > 0) return;
  const content = JSON.stringify({ ...last, index: fileOf(layout.index), shards: shardTimes(layout) });
  const temporary = `${layout.indexClean}.tmp`;
  writeNewFile(temporary, `${content}\n`, { flush: true });
  renameSync(temporary, layout.indexClean);
}

function shardTimes(layout: Layout): number[] {
  // A folder is created with its first session.
  return SHARDS.map(
    (shard) => lstatSync(join(layout.sessions, shard), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
