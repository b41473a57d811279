import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Up to this size a write only copies to the system's memory: a thread's help would take longer than the copy. */
const SMALL = 64 * 1024;

/** Writes all of `bytes`, at `position` or where the handle stands, or rejects as for want of room. */
export async function writeWhole(handle: FileHandle, bytes: Buffer, position?: number): Promise<void> {
  const written =
    bytes.length <= SMALL
      ? writeSync(handle.fd, bytes, 0, bytes.length, position)
      : (await handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  if (written !== bytes.length) throw diskFull(written, bytes.length);
}

/** What the system says where a write stops short. */
export function diskFull(written: number, wanted: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`wrote ${written} of ${wanted} bytes`), { code: 'ENOSPC' });
}
