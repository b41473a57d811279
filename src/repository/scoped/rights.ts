import { type Caller, mayUse } from '../../model/caller.ts';
import { ForbiddenError } from '../../model/errors.ts';

/** Throws a ForbiddenError if the caller may not write. */
export function refuseToWrite(caller: Caller): void {
  if (mayUse(caller, 'write')) return;
  throw new ForbiddenError(
    'Expected a token with the scope write for a mutation, got one with the scope read. Ask for a token that may write.',
  );
}

/** Throws a ForbiddenError for the user of another caller, who is not an admin. `name` is the member of the input. */
export function refuseOther(caller: Caller, userId: string | null | undefined, name: string): void {
  if (userId == null || userId === caller.userId || mayUse(caller, 'admin')) return;
  throw new ForbiddenError(
    `${name}: expected the user of the token, got another. Leave it out, or use a token with the scope admin.`,
  );
}

/** Throws a ForbiddenError if the caller may not make trees, but only grow the subtree that is given to it. */
export function refuseRoot({ subtreeId }: Caller): void {
  if (subtreeId === null) return;
  throw new ForbiddenError(
    'Expected a session beneath that of the token, which gives a right to a subtree alone, got the root of a new tree. Name a parent.',
  );
}

/** Throws a ForbiddenError if the session is the top of the subtree that the caller sees: what is above it would change. */
export function refuseTop({ subtreeId }: Caller, sessionId: string): void {
  if (subtreeId !== sessionId) return;
  throw new ForbiddenError(
    'Expected a session beneath that of the token, got that session itself, which the token does not give a right to delete or to move.',
  );
}

/** Throws a ForbiddenError if `userId` would own a tree that is the caller's. */
export function refuseHandingOver(caller: Caller, userId: string | null): void {
  if (mayUse(caller, 'admin') || userId === caller.userId) return;
  throw new ForbiddenError(
    'Expected a session of the user of the token to become the root of a tree, got one of another user, to whom the tree would ' +
      'belong. Use a token with the scope admin.',
  );
}

/**
 * Whose operations a caller's are: the user, as "=ada", and before that the subtree, if the caller sees no more. No id of a session has
 * a "=" in it. Null for a caller without a name.
 */
export function operationsCaller({ userId, subtreeId }: Caller): string | null {
  return userId === null && subtreeId === null ? null : `${subtreeId ?? ''}=${userId ?? ''}`;
}
