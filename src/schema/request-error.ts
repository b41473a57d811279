import { GraphQLError } from 'graphql';
import type { Caller } from '../model/caller.ts';
import { ForbiddenError } from '../model/errors.ts';
import { refuseOther as refuseOtherUser } from '../repository/scoped/rights.ts';

/** A fault in arguments or variables. The message says what was expected, what came, and what to do. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** Throws FORBIDDEN for the user of another caller, who is not an admin. `argument` names where the user came from. */
export function refuseOther(caller: Caller, userId: string | null | undefined, argument: string): void {
  try {
    refuseOtherUser(caller, userId, argument);
  } catch (error) {
    if (!(error instanceof ForbiddenError)) throw error;
    throw new GraphQLError(error.message, { extensions: { code: 'FORBIDDEN', http: { status: 403 } } });
  }
}

/** For a `fromMessageId` of a message that no session ever had. */
export function unknownPlace(): GraphQLError {
  return badUserInput(
    'fromMessageId: expected a message that the session has, or had before a rollback, got one that never was there. Start without it.',
  );
}

/** The codes of errors that end a whole request, whichever field meets them. */
const ENDING_CODES: ReadonlySet<unknown> = new Set([
  'BUDGET_EXCEEDED',
  'DEADLINE_EXCEEDED',
  'CLIENT_CLOSED_REQUEST',
  'OVERLOADED',
]);

/**
 * True for an error that ends a request: its budget, or the room that all requests share, is spent, its time is over, or its client has
 * gone.
 */
export function endsRequest(error: unknown): error is GraphQLError {
  return error instanceof GraphQLError && ENDING_CODES.has(error.extensions.code);
}
