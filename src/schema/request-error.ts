import { GraphQLError } from 'graphql';

/** A fault in arguments or variables. The message says what was expected, what came, and what to do. */
export function badUserInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
