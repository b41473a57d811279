import { setTimeout as wait } from 'node:timers/promises';
import { ClientError, StorageError } from '../../../model/errors.ts';
import type { AppliedOperation } from '../../records/session-state.ts';
import { CommitInDoubtError } from '../connection/commit-in-doubt.ts';
import {
  codeOf,
  isConflictOfTransactions,
  isConnectionLost,
  UNIQUE_VIOLATION,
} from '../connection/postgres-error.ts';

/** Milliseconds after the first try in which a mutation, or the read of its answer, is tried again. */
export const PATIENCE_MS = 15_000;

/** Thrown in a transaction if a tree is not what it was before the lock: begin again. */
export class TreesMovedError extends Error {
  override readonly name = 'TreesMovedError';
}

/** Thrown once it is found that a mutation has taken effect already: a retry is answered from its record. */
export class AlreadyAppliedError extends Error {
  override readonly name = 'AlreadyAppliedError';
  readonly applied: AppliedOperation;

  constructor(applied: AppliedOperation) {
    super(`The operation "${applied.id}" has been applied.`);
    this.applied = applied;
  }
}

/**
 * Thrown once it is found that several mutations which shared a transaction have taken effect already. Those that are not among `applied` were
 * refused, or changed nothing.
 */
export class AppliedTogetherError extends Error {
  override readonly name = 'AppliedTogetherError';
  readonly applied: readonly AppliedOperation[];

  constructor(applied: readonly AppliedOperation[]) {
    super('The operations have been applied.');
    this.applied = applied;
  }
}

/** True if a row with this primary key is there already. */
export function isDuplicate(
  error: unknown,
  constraint: 'operations_pkey' | 'ids_pkey' | 'session_keys_pkey',
): boolean {
  return codeOf(error) === UNIQUE_VIOLATION && (error as { constraint?: string }).constraint === constraint;
}

/** True for an answer of which it is known whether the mutation has taken effect. */
export function isCertain(error: unknown): boolean {
  return (
    error instanceof ClientError ||
    error instanceof AlreadyAppliedError ||
    error instanceof AppliedTogetherError
  );
}

/**
 * Reads what a mutation that is committed is answered with: again, for a while, if the connection is lost. Rejects with a StorageError that
 * does not say that nothing was recorded.
 */
export async function readForAnswer<T>(read: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  for (let tries = 0; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (error instanceof ClientError) throw error;
      if (!isConnectionLost(error) || performance.now() - begun > PATIENCE_MS) throw inDoubt(error);
      await wait(pauseOf(error, tries));
    }
  }
}

/** Another transaction was quicker, or the connection is gone. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof TreesMovedError ||
    error instanceof CommitInDoubtError ||
    isConflictOfTransactions(error) ||
    isConnectionLost(error) ||
    isTaken(error)
  );
}

/** An id or a key was given to another session meanwhile. */
export function isTaken(error: unknown): boolean {
  return isDuplicate(error, 'ids_pkey') || isDuplicate(error, 'session_keys_pkey');
}

/** Milliseconds: a lost connection comes back later than a lock is free. */
export function pauseOf(error: unknown, tries: number): number {
  const most = error instanceof CommitInDoubtError || isConnectionLost(error) ? 1_000 : 50;
  return Math.random() * Math.min(most, 5 * 2 ** tries);
}

/** The StorageError for a mutation of which it is not known whether it has taken effect. */
export function inDoubt(cause: unknown): StorageError {
  return new StorageError(
    'The connection to the database was lost while the mutation was being committed, and has not come back: it may have taken effect. ' +
      'Read the session again, or repeat the mutation with the same operationId.',
    true,
    { cause, isOutcomeUnknown: true },
  );
}
