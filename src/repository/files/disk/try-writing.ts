import { constants } from 'node:fs';
import { lstat, open, rm } from 'node:fs/promises';
import { StorageError } from '../../../model/errors.ts';
import type { Layout } from '../format/layout.ts';
import { FILE_MODE } from './plain-file.ts';
import { whyUnwritable } from './storage-error.ts';
import { diskFull } from './write-whole.ts';

/** More than a file system stores beside the name of a file: the bytes need room of their own. */
const BYTES = Buffer.alloc(4096, ' ');

/**
 * Writes a file in the data directory and removes it, as a sign that the store can write. Rejects with a StorageError that says why it
 * cannot, without a path. Synchronous calls would block the process while a network file system does not answer.
 */
export async function tryWriting({ storeLog, writeTest }: Layout, isSynced: boolean): Promise<void> {
  try {
    // The directory may have been replaced by an empty one, for example because its disk was unmounted.
    await lstat(storeLog);
    await rm(writeTest, { force: true });
    const handle = await open(
      writeTest,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      FILE_MODE,
    );
    try {
      const { bytesWritten } = await handle.write(BYTES);
      if (bytesWritten !== BYTES.length) throw diskFull(bytesWritten, BYTES.length);
      if (isSynced) await handle.datasync();
    } finally {
      await handle.close();
      await rm(writeTest);
    }
  } catch (cause) {
    throw new StorageError(`The data directory cannot be written: ${whyUnwritable(cause)}.`, true, { cause });
  }
}
