import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { StorageError } from '../../../model/errors.ts';
import { openInStore } from '../disk/plain-file.ts';
import { decodeLine, LINE_BYTES_MAX } from '../format/line.ts';

/** The acknowledged part of one of the store's files. */
export interface Tail {
  readonly path: string;
  readonly size: number;
}

/** Bytes of one read. */
const READ_BACK_BYTES = 64 * 1024;

/**
 * Truncates a file of the store at `root` to its acknowledged part, and syncs it. Rejects with a StorageError if that part is not whole any
 * more, and with the error of the system if that refuses.
 */
export async function cutBack(root: string, { path, size }: Tail): Promise<void> {
  const handle = await openInStore(root, path, constants.O_RDWR);
  try {
    const found = await handle.stat();
    if (found.size < size) throw lost();
    await handle.truncate(size);
    await handle.datasync();
    await readBack(handle, size);
  } finally {
    await handle.close();
  }
}

/** Throws unless the end of the acknowledged part is intact: the checksum of its last line must hold. */
async function readBack(handle: FileHandle, size: number): Promise<void> {
  const chunks: Buffer[] = [];
  for (let start = size - 1; start > 0 && size - start <= LINE_BYTES_MAX; ) {
    const length = Math.min(start, READ_BACK_BYTES);
    start -= length;
    const chunk = Buffer.alloc(length);
    await handle.read(chunk, 0, length, start);
    const newline = chunk.lastIndexOf(0x0a);
    chunks.unshift(chunk.subarray(newline + 1));
    if (newline !== -1) break;
  }
  if (size > 0 && 'fault' in decodeLine(Buffer.concat(chunks))) throw lost();
}

function lost(): StorageError {
  return new StorageError('The file has lost acknowledged data. Run "sessiontree check".', false);
}
