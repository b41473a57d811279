import { StorageError } from '../../../model/errors.ts';

/** Would room mend it? `error` is as the system gives it. */
export function isWantOfRoom(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** What room or patience can mend. */
const RETRYABLE = new Map([
  ['ENOSPC', 'The disk is full'],
  ['EDQUOT', 'The disk quota is used up'],
  ['EFBIG', 'The file is as large as the system allows'],
  ['EMFILE', 'Too many files are open'],
  ['ENFILE', 'Too many files are open'],
  ['EIO', 'The disk reported an error'],
  ['EBUSY', 'Another program holds a file of the store'],
]);

/** What SQLite says of the same: SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_IOERR and SQLITE_FULL. */
const OF_SQLITE = new Map([
  [5, 'EBUSY'],
  [6, 'EBUSY'],
  [7, 'ENOSPC'],
  [10, 'EIO'],
  [13, 'ENOSPC'],
]);

/** `error` in a client's words; the original is its cause, for the log. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code = '', errcode } = error as NodeJS.ErrnoException & { errcode?: number };
  const known = RETRYABLE.get(errcode === undefined ? code : (OF_SQLITE.get(errcode & 0xff) ?? code));
  return known
    ? new StorageError(`${known}: nothing was recorded. Make room or wait, and try again.`, true, {
        cause: error,
      })
    : new StorageError('The store could not write: nothing was recorded. Its log says why.', false, {
        cause: error,
      });
}
