import { StorageError } from '../../../model/errors.ts';
import { isOfOtherKind } from './unreadable-file.ts';

/** ENOSPC or EDQUOT. `error` is as the system gives it. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** True if the process, or the system, has as many files open as it may. */
export function isOutOfDescriptors(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'EMFILE' || code === 'ENFILE';
}

/** The StorageError for a read that failed because too many files are open. */
export function unreadNow(cause: unknown): StorageError {
  return new StorageError('Too many files are open: not all could be read. Wait, and try again.', true, {
    cause,
  });
}

/** True if a system call failed with this error. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

/** Errors that pass once there is room, or after a while. */
const RETRYABLE = new Map([
  ['ENOSPC', 'The disk is full'],
  ['EDQUOT', 'The disk quota is used up'],
  ['EFBIG', 'The file is as large as the system allows'],
  ['EMFILE', 'Too many files are open'],
  ['ENFILE', 'Too many files are open'],
  ['EIO', 'The disk reported an error'],
  ['EBUSY', 'Another program holds a file of the store'],
]);

/**
 * The same errors as SQLite reports them: SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_IOERR, SQLITE_FULL and
 * SQLITE_CANTOPEN.
 */
const OF_SQLITE = new Map([
  [5, 'EBUSY'],
  [6, 'EBUSY'],
  [7, 'ENOSPC'],
  [10, 'EIO'],
  [13, 'ENOSPC'],
  [14, 'EMFILE'],
]);

/** Errors of a data directory as a whole. */
const OF_DIRECTORY = new Map([
  ['ENOENT', 'it is gone'],
  ['ENOTDIR', 'it is gone'],
  ['EACCES', 'the server has no permission'],
  ['EPERM', 'the server has no permission'],
  ['EROFS', 'it is read-only'],
]);

/** Why the data directory cannot be written, in words for a client. */
export function whyUnwritable(error: unknown): string {
  const { code = 'no code' } = error as NodeJS.ErrnoException;
  const known = RETRYABLE.get(code);
  if (known) return known.charAt(0).toLowerCase() + known.slice(1);
  return OF_DIRECTORY.get(code) ?? `the system reports ${code}`;
}

/** `error` in a client's words; the original is its cause, for the log. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code = '', errcode } = error as NodeJS.ErrnoException & { errcode?: number };
  if (isSystemError(error) && isOfOtherKind(error))
    return new StorageError(
      'Something else is in the place of a file of the store, or of its folder: nothing was recorded. Put the file back, and try again.',
      false,
      { cause: error },
    );
  const known = RETRYABLE.get(errcode === undefined ? code : (OF_SQLITE.get(errcode & 0xff) ?? code));
  return known
    ? new StorageError(`${known}: nothing was recorded. Make room or wait, and try again.`, true, {
        cause: error,
      })
    : new StorageError('The store could not write: nothing was recorded. Its log says why.', false, {
        cause: error,
      });
}
