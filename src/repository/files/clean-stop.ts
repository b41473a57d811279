import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { type Layout, SHARDS } from './layout.ts';
import { withFileChunks } from './scan-lines.ts';

const file = z.object({ size: z.number(), mtimeMs: z.number(), crc: z.number().nullable() });
const mark = z.object({ lastSeq: z.int(), index: file, shards: z.array(z.number()).length(SHARDS.length) });

/** The mark that a clean stop leaves: the index held all that the files do, and this is how the disk looked then. */
export interface CleanStop extends z.output<typeof mark> {
  /** The folders in which a file came, went or was replaced since. */
  changedShards(layout: Layout): string[];
}

/** Null where the store was not stopped cleanly, or its mark cannot be read. */
export function readCleanStop(layout: Layout): CleanStop | null {
  if (!existsSync(layout.indexClean)) return null;
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
 * Is the index the one that was there at the clean stop? A small one is known by its checksum, a large one by its time alone:
 * where that differs it may have been copied, or changed.
 */
export function compareIndex(layout: Layout, stop: CleanStop): 'same' | 'changed' | 'unknown' {
  if (!existsSync(layout.index)) return 'changed';
  const now = fileOf(layout.index);
  const { size, mtimeMs, crc } = stop.index;
  if (now.size !== size || now.crc !== crc) return 'changed';
  return crc !== null || now.mtimeMs === mtimeMs ? 'same' : 'unknown';
}

/** Up to this size the index is read whole, to find a flipped bit; at 1 GB/s it takes 64 ms. A check reads any size. */
const SMALL = 64 * 1024 * 1024;

function fileOf(path: string): z.output<typeof file> {
  const { size, mtimeMs } = statSync(path);
  return { size, mtimeMs, crc: size > SMALL ? null : crcOfFile(path) };
}

/** CRC-32 of a whole file. */
export function crcOfFile(path: string): number {
  return withFileChunks(path, (read) => {
    let crc = 0;
    let offset = 0;
    for (let chunk = read(0); chunk.length > 0; chunk = read(offset)) {
      crc = crc32(chunk, crc);
      offset += chunk.length;
    }
    return crc;
  });
}

/** Call it once the index is closed. */
export function writeCleanStop(layout: Layout, lastSeq: number): void {
  const content = JSON.stringify({ lastSeq, index: fileOf(layout.index), shards: shardTimes(layout) });
  const temporary = `${layout.indexClean}.tmp`;
  writeFileSync(temporary, `${content}\n`, { flush: true });
  renameSync(temporary, layout.indexClean);
}

function shardTimes(layout: Layout): number[] {
  // A folder is made when its first session is.
  return SHARDS.map(
    (shard) => statSync(join(layout.sessions, shard), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
