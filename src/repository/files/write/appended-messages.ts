import type { Message, NewMessage } from '../../../model/message.ts';
import type { AppliedOperation } from '../format/session-state.ts';
import { messageOf, storedMessageOf } from '../format/stored-message.ts';

/** The messages of an append as a read would return them, made from the input. */
export function appendedMessages(
  sessionId: string,
  at: Date,
  messages: readonly NewMessage[],
  places: readonly Pick<Message, 'ordinal' | 'position'>[],
): Message[] {
  return messages.map((message, n) => {
    const { ordinal, position } = places[n]!;
    return messageOf(storedMessageOf(message), { sessionId, at, ordinal, position });
  });
}

/**
 * The messages for the answer to a retry. The retry has the fingerprint of the first request, so its input has the same messages.
 */
export function messagesOfRetry(
  { sessionId, at, ordinal, position }: AppliedOperation,
  messages: readonly NewMessage[],
): Message[] {
  const places = messages.map((_, n) => ({ ordinal: (ordinal ?? 0) + n, position: (position ?? 0) + n }));
  return appendedMessages(sessionId, new Date(at), messages, places);
}
