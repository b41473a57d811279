import { GraphQLError } from 'graphql';
import { type Caller, mayUse } from '../model/caller.ts';

/** A fault in arguments or variables. The message says what was expected, what came, and what to do. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** Throws FORBIDDEN for the user of another caller, who is not an admin. `argument` names where the user came from. */
export function refuseOther(caller: Caller, userId: string | null | undefined, argument: string): void {
  if (userId == null || userId === caller.userId || mayUse(caller, 'admin')) return;
  throw new GraphQLError(
    `${argument}: expected the user of the token, got another. Leave it out, or use a token with the scope admin.`,
    { extensions: { code: 'FORBIDDEN', http: { status: 403 } } },
  );
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
