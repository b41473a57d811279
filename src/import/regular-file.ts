import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Without O_NONBLOCK, opening a named pipe would block until something opens its other end. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Something other than a file is in the place of one. It has the members of an error of the system. */
class NotRegularFileError extends Error {
  readonly syscall = 'open';
  /** What is there. */
  readonly code: string;

  constructor(code: string) {
    super(`expected a file: ${code}`);
    this.code = code;
  }
}

/** Opens a file for reading. Rejects with an error of the system, also where there is a directory, a pipe or a device. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS);
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  throw new NotRegularFileError(found.isDirectory() ? 'it is a directory' : 'it is not a regular file');
}

/** The text of a file. Rejects as `openRegularFile` does. */
export async function readRegularFile(path: string): Promise<string> {
  await using file = await openRegularFile(path);
  // Awaited here: the file is closed when the function returns.
  return await file.readFile('utf8');
}
