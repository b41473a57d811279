import type { Fault } from './format.ts';

/** True for an error of the system that says that there is nothing at a path. */
export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** True for an error of SQLite: the database is damaged, or locked for too long. */
export function isOfDatabase(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

/** The fault for an error of the system about a file or a directory, or of decompression. Throws any other error, which is a bug. */
export function unreadable(path: string, error: unknown): Fault {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return { type: 'fault', path, line: null, reason: `the file cannot be read: ${code}` };
}
