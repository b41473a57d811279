import { SessionNotFoundError, StorageError } from '../../../../model/errors.ts';

/** The error for a redaction that is begun, and goes on with the next try. */
export function unfinished(error: unknown): unknown {
  if (error instanceof SessionNotFoundError) return error;
  const cause = error instanceof StorageError ? (error.cause ?? error) : error;
  const why = error instanceof StorageError ? ` ${error.message}` : '';
  const unknown = new StorageError(
    `The redaction has begun and is not complete: the texts may still be in files of the store. Try again with the same operationId; the next start of the server completes it, too.${why}`,
    true,
    { cause },
  );
  return Object.assign(unknown, { isOutcomeUnknown: true });
}
