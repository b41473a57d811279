import type { GraphQLResolveInfo } from 'graphql';
import { InvalidInputError } from '../../model/errors.ts';
import type { ReadOptions } from '../../repository/read-options.ts';
import { type ReadLimit, ReadTooLargeError } from '../../repository/reads.ts';
import type { SchemaContext } from '../context.ts';
import { largestFirst, selectedOfMessages } from '../look-ahead.ts';

/**
 * What an answer can hold of the messages that `payload` shows in the list `list` (and in others, if there are any): null if it is asked
 * for none of them.
 */
export function answerLimit(
  { budget }: SchemaContext,
  info: GraphQLResolveInfo,
  options: ReadOptions,
  payload: string,
  list?: string,
): ReadLimit | null {
  const { places, shown } = selectedOfMessages(info, payload);
  const first = list === undefined ? undefined : largestFirst(info, payload, list);
  if (places === 0 || first === 0) return null;
  return {
    ...options,
    shown,
    // One object is left for the session of the payload.
    messages: Math.floor((budget.objectsLeft - 1) / places),
    bytes: budget.textLeft,
    first,
  };
}

/** Runs a write. Its refusal, before anything is written, says of which `member` of the input an answer could not hold all messages. */
export async function withinAnswer<Payload>(
  member: string,
  limit: ReadLimit | null,
  write: () => Promise<Payload>,
): Promise<Payload> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof ReadTooLargeError && limit)) throw error;
    const message =
      `expected an answer of at most ${limit.messages} messages and ${limit.bytes} bytes of text, counted as often as they are selected, ` +
      'got more. Select less of them, ask for the `first` of `removed`, or write in several steps';
    throw new InvalidInputError([{ path: ['input', member], message }]);
  }
}
