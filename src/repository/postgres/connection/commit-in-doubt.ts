import { isConnectionLost } from './postgres-error.ts';

/** The connection was lost while COMMIT was under way: the transaction may have been committed, or not. */
export class CommitInDoubtError extends Error {
  override readonly name = 'CommitInDoubtError';
}

/** The error for a connection that was lost, by `cause`, once COMMIT was sent. */
export function commitInDoubt(cause: unknown): CommitInDoubtError {
  return new CommitInDoubtError('The connection was lost at COMMIT.', { cause });
}

/** True if the connection cannot be used again. */
export function isUnusable(error: unknown): boolean {
  return error instanceof CommitInDoubtError || isConnectionLost(error);
}
