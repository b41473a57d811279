import { constants, fstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { StorageError } from '../../../model/errors.ts';
import { openInStore } from '../disk/plain-file.ts';
import { writeWhole } from '../disk/write-whole.ts';

/** What takes the place of a line: as many bytes, with the newline. */
export interface LineAt {
  readonly offset: number;
  readonly bytes: Buffer;
}

const NEWLINE = 0x0a;

/**
 * Overwrites lines of a file of the store at `root`, and syncs it if that is to be `durable`. Resolves with the file's mtime in milliseconds.
 * Rejects with a StorageError, before anything is written, if there are other lines in one of the places.
 */
export async function overwriteLines(
  { root, path }: { readonly root: string; readonly path: string },
  lines: readonly LineAt[],
  durable: boolean,
): Promise<number> {
  // Without O_APPEND: with it, Linux writes to the end whatever the position.
  const handle = await openInStore(root, path, constants.O_RDWR);
  try {
    for (const line of lines) await expectOneLine(handle, line.offset, line.bytes.length);
    for (const { offset, bytes } of lines) await writeWhole(handle, bytes, offset);
    if (durable) await handle.datasync();
    return fstatSync(handle.fd).mtimeMs;
  } finally {
    await handle.close();
  }
}

/** Throws unless one line, with its newline, has these bytes of the file. It may be damaged. */
async function expectOneLine(handle: FileHandle, offset: number, length: number): Promise<void> {
  const from = Math.max(0, offset - 1);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(offset - from + length), 0, null, from);
  const before = buffer.subarray(0, offset - from);
  const isThere = bytesRead === buffer.length && before.every((byte) => byte === NEWLINE);
  if (isThere && buffer.indexOf(NEWLINE, before.length) === buffer.length - 1) return;
  throw new StorageError(
    'Another program has moved the lines of a file that a redaction was to overwrite: nothing was overwritten there. Put the file back as it ' +
      'was, or redact the messages again.',
    false,
  );
}
