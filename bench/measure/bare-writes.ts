import { constants, mkdirSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sessionPath } from '../../src/repository/files/layout.ts';

/** The least that a durable append takes: a line, and its way to the disk. */
export async function appendDurably(handle: FileHandle, line: Buffer): Promise<void> {
  await handle.appendFile(line);
  await handle.datasync();
}

/**
 * The least that a durable creation takes: a file is written aside, synced, renamed, and its folder synced. It lies in
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
