import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { FILE_MODE, openPlain } from './plain-file.ts';
import { diskFull } from './write-whole.ts';

/** Bytes that are in memory at one time. */
const CHUNK_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK_BYTES);

/** Copies a plain file to `copy`, which must not exist, and syncs the copy. */
export function copyPlainFile(path: string, copy: string): void {
  const { fd, stats } = openPlain(path);
  try {
    const to = openSync(copy, 'wx', FILE_MODE);
    try {
      for (const _ of copyBytes(fd, 0, stats.size, to));
      fsyncSync(to);
    } catch (error) {
      rmSync(copy, { force: true });
      throw error;
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Copies the bytes from `start` to `end` of one open file to the beginning of another, which is empty. Zeros become holes, which
 * take no room. Yields between pieces, so that a caller can rest.
 */
export function* copyBytes(from: number, start: number, end: number, to: number): Generator<null, void> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - start));
  for (let at = start; at < end; yield null) {
    const length = readSync(from, buffer, 0, Math.min(buffer.length, end - at), at);
    if (length === 0) break;
    const bytes = buffer.subarray(0, length);
    if (!bytes.equals(ZEROS.subarray(0, length))) {
      const written = writeSync(to, bytes, 0, length, at - start);
      if (written !== length) throw diskFull(written, length);
    }
    at += length;
  }
  ftruncateSync(to, end - start);
}
