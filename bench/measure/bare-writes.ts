import { constants, mkdirSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sessionPath } from '../../src/repository/files/format/layout.ts';

/** The minimum of a durable append: writing a line, and syncing it. */
export async function appendDurably(handle: FileHandle, line: Buffer): Promise<void> {
  await handle.appendFile(line);
  await handle.datasync();
}

/**
 * The minimum of a durable creation: a temporary file is written, synced and renamed, and its folder is synced. The file is in
 * one of as many folders as the repository has.
 */
export async function createDurably(directory: string, id: string, line: Buffer): Promise<void> {
  const path = join(directory, sessionPath(id));
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  {
    await using handle = await open(`${path}.tmp`, 'wx');
    await handle.write(line);
    await handle.sync();
  }
  await rename(`${path}.tmp`, path);
  await using handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync();
}
