import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Bytes up to which a write only copies to the system's memory: a thread would take longer than the copy. */
const COPIED_BYTES_MAX = 64 * 1024;

/**
 * Writes all of `bytes`, at `position` or at the handle's current position. Rejects if fewer are written, as
 * on a full disk.
 */
export async function writeWhole(handle: FileHandle, bytes: Buffer, position?: number): Promise<void> {
  const written =
    bytes.length <= COPIED_BYTES_MAX
      ? writeSync(handle.fd, bytes, 0, bytes.length, position)
      : (await handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  if (written !== bytes.length) throw diskFull(written, bytes.length);
}

/** The system's error for a write that stops short. */
export function diskFull(written: number, wanted: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`wrote ${written} of ${wanted} bytes`), { code: 'ENOSPC' });
}
