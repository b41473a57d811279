import { mayUse } from '../../model/caller.ts';
import { InvalidInputError, StorageError } from '../../model/errors.ts';
import { ownerOf } from '../../repository/scoped/owner-of.ts';
import type { SchemaContext } from '../context.ts';

const PATH = ['input', 'tokenExpiresAt'];

/** Throws an InvalidInputError if no token can be made that expires then. */
export function checkChildToken({ tokens }: SchemaContext, expiresAt: Date): void {
  if (!tokens)
    throw new InvalidInputError([
      {
        path: PATH,
        message: 'expected nothing, since the server asks nobody for a token (--auth none). Leave it out.',
      },
    ]);
  if (expiresAt.getTime() <= Date.now())
    throw new InvalidInputError([
      { path: PATH, message: 'expected a time to come, got one that has passed.' },
    ]);
}

/**
 * Makes a token for the subtree of a spawned session, and revokes the one that an earlier answer to the same mutation gave: a retry must
 * not leave two. The token gives no more than the caller has, and not for longer; it ends when the caller's own token is revoked.
 */
export async function childToken(
  { tokens, caller, repository }: SchemaContext,
  sessionId: string,
  expiresAt: Date,
): Promise<string> {
  const last = caller.expiresAt;
  try {
    const { token } = await tokens!.mint({
      // The session may have gone to another user by now: whoever is no admin gives away only what is the caller's own.
      userId: mayUse(caller, 'admin') ? await ownerOf(repository, sessionId) : caller.userId,
      scope: 'write',
      subtreeId: sessionId,
      expiresAt: last !== null && last < expiresAt ? last : expiresAt,
      mintedBy: caller.tokenId,
      purpose: `spawn:${sessionId}`,
      isOnly: true,
    });
    return token;
  } catch (error) {
    throw new StorageError(
      `The session "${sessionId}" was spawned, but its token could not be stored. Send the mutation again with the same operationId, or ` +
        'with ifExists: RETURN.',
      true,
      { cause: error },
    );
  }
}
