import type { GraphQLError } from 'graphql';
import { shortened } from './shortened.ts';

/** Codes whose messages are not logged: they repeat values of the client's, or the log has a line of its own for the error. */
const UNLOGGED_CODES: ReadonlySet<unknown> = new Set(['BAD_USER_INPUT', 'INTERNAL_SERVER_ERROR']);

const MAX_MESSAGES = 3;
/** In UTF-16 units. */
const MAX_MESSAGE_CHARACTERS = 256;

type Refused = Pick<GraphQLError, 'message' | 'extensions'> & { readonly nodes?: GraphQLError['nodes'] };

/** The messages of errors for the log: why a request or its document was refused, without values from the request. */
export function loggedMessages(errors: readonly Refused[]): readonly string[] | undefined {
  const told = errors.filter(({ extensions }) => !UNLOGGED_CODES.has(extensions.code));
  if (told.length === 0) return undefined;
  const messages = [...new Set(told.map((error) => shortened(withoutValues(error), MAX_MESSAGE_CHARACTERS)))];
  const more = messages.length - MAX_MESSAGES;
  return more > 0 ? [...messages.slice(0, MAX_MESSAGES), `and ${more} more`] : messages;
}

/** At the end of a message, graphql-js repeats the value of the wrong type, or the unexpected token of the document. */
function withoutValues({ message, extensions, nodes }: Refused): string {
  if (extensions.code === 'GRAPHQL_PARSE_FAILED')
    return message.replace(/\b(String|BlockString|Int|Float) ".*$/s, '$1.');
  const kind = nodes?.[0]?.kind;
  const isOfValue = kind !== undefined && (kind.endsWith('Value') || kind === 'ObjectField');
  return isOfValue
    ? message.replace(/(?:,? (?:[Ff]ound|got|but encountered error)\b|(?<=value):).*$/s, '.')
    : message;
}
