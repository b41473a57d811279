import type { Message } from '../model/message.ts';
import type { Session } from '../model/session.ts';
import type { ExportSource } from './format.ts';

/** Limits the memory of a page: the content and payload of one message have up to 2 MiB (with the default limits). */
const MESSAGES_A_PAGE = 100;

/**
 * The messages that `session` counts, in pages that are not empty: a running server may change the history meanwhile. Those with ordinals
 * from `nextOrdinal` on came after the session was read. Messages that cannot be read, or were rolled back, are left out, and reported as
 * one fault at the end.
 */
export async function* messagesOf(
  { reader, onFault }: Pick<ExportSource, 'reader' | 'onFault'>,
  { id, historyLength }: Session,
  nextOrdinal = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly Message[]> {
  let after = -1;
  let read = 0;
  for (let more = historyLength > 0; more; ) {
    const page = { limit: MESSAGES_A_PAGE, from: 'start', after } as const;
    const [found] = await reader.historyOf([{ sessionId: id, page }], Number.POSITIVE_INFINITY);
    const messages = found!.items.filter(
      ({ position, ordinal }) => position < historyLength && ordinal < nextOrdinal,
    );
    if (messages.length > 0) yield messages;
    read += messages.length;
    more = found!.hasMore && messages.length === found!.items.length;
    // If no message of the page can be read, go on after the page.
    after = found!.items.at(-1)?.ordinal ?? after + MESSAGES_A_PAGE;
  }
  if (read < historyLength)
    onFault(`${id}: ${historyLength - read} of ${historyLength} messages cannot be read.`);
}
