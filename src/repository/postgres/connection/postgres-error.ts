import pg from 'pg';
import { ClientError, StorageError } from '../../../model/errors.ts';
import { DeadlineExceededError, type ReadOptions } from '../../read-options.ts';
import { ReadTooLargeError, UnknownKeyError } from '../../reads.ts';

/** The SQLSTATE of an error of PostgreSQL, or the code of a system call; undefined for any other error. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const UNIQUE_VIOLATION = '23505';
export const QUERY_CANCELED = '57014';
export const INSUFFICIENT_PRIVILEGE = '42501';

/** True if the transaction was ended in favour of another one, and can be begun again: a deadlock, or a failed serialization. */
export function isConflictOfTransactions(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** Codes of system calls, and of errors of the driver without a SQLSTATE. */
const OF_CONNECTIONS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** What the driver says, without a code, of a connection that is gone. */
const CONNECTION_GONE =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/;

/**
 * True if the connection is gone, or none could be had. A statement that was sent may have taken effect all the same. Among the codes:
 * the server is stopping, has crashed or is starting (57P01 to 57P03), or has become a standby (25006).
 */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && CONNECTION_GONE.test(error.message);
  return OF_CONNECTIONS.has(code) || code.startsWith('08') || /^57P0[1-4]$/.test(code) || code === '25006';
}

/**
 * True if it was not PostgreSQL that refused a statement, nor its read that was over, but the driver: what the driver knows of the prepared
 * statements of the connection is then wrong.
 */
export function isOfDriver(error: unknown, options: ReadOptions | undefined): boolean {
  const isOver = error instanceof DeadlineExceededError || (options?.signal?.aborted ?? false);
  return !isOver && !(error instanceof pg.DatabaseError);
}

/** The driver's words for a pool without a free connection. */
const POOL_EXHAUSTED = 'timeout exceeded when trying to connect';

/** SQLSTATE, or its class, and what it means to a client. */
const REASONS: readonly (readonly [code: string, reason: string])[] = [
  ['53100', 'The disk of the database is full'],
  ['53200', 'The database is out of memory'],
  ['53300', 'The database has as many connections as it allows'],
  ['53', 'The database lacks resources'],
  ['55P03', 'Another program holds a lock of the database'],
  ['57014', 'The database took too long'],
  ['25P02', 'The database has ended the transaction'],
  ['40', 'Other mutations were in the way'],
];

/**
 * The StorageError that a client is told for an error of PostgreSQL or of the driver, which is its cause, for the log. It says that nothing
 * was recorded: a mutation that was sent for COMMIT has to be looked up first. Errors of the contract, and errors without a code, stay as
 * they are.
 */
export function storageErrorOf(error: unknown): Error {
  if (isOfContract(error)) return error;
  const fail = (message: string, isRetryable: boolean) =>
    new StorageError(message, isRetryable, { cause: error });
  if (error instanceof Error && error.message === POOL_EXHAUSTED)
    return fail('All connections to the database are in use: nothing was recorded. Try again.', true);
  if (isConnectionLost(error))
    return fail('The database cannot be reached: nothing was recorded. Try again later.', true);
  const code = codeOf(error) ?? '';
  const reason = REASONS.find(([known]) => code.startsWith(known))?.[1];
  if (reason) return fail(`${reason}: nothing was recorded. Wait, and try again.`, true);
  return code === ''
    ? (error as Error)
    : fail(
        'The database refused the statement: nothing was recorded. The log of the server says why.',
        false,
      );
}

function isOfContract(error: unknown): error is Error {
  return (
    error instanceof ClientError ||
    error instanceof DeadlineExceededError ||
    error instanceof UnknownKeyError ||
    error instanceof ReadTooLargeError
  );
}
