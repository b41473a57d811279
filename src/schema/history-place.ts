import { parseMessageId } from '../model/id.ts';
import type { Message } from '../model/message.ts';
import type { HistoryPlace } from '../repository/reads.ts';
import { builder } from './builder.ts';
import type { PageArguments } from './page.ts';
import { badUserInput } from './request-error.ts';

/** The arguments that open a history in place. */
export const placeArguments = builder.args((t) => ({
  fromPosition: t.int({
    description:
      'Opens the history at this position: the page begins there, or with `last` ends before it. Page on with cursors.',
  }),
  fromMessageId: t.id({
    description:
      'Opens the history at this message, as `fromPosition` does: for example at a search hit. A message that was rolled back stands at ' +
      'the position that it had.',
  }),
}));

/** The arguments of `placeArguments`, and those that exclude them. */
export interface PlaceArguments extends PageArguments {
  readonly fromPosition?: number | null;
  readonly fromMessageId?: string | null;
}

/** The rules for the place that do not depend on the session: for `argumentRules`. */
export function checkPlace({ fromPosition, fromMessageId, after, before }: PlaceArguments): void {
  if (fromPosition == null && fromMessageId == null) return;
  const given = Object.entries({ fromPosition, fromMessageId, after, before })
    .filter(([, value]) => value != null)
    .map(([name]) => `"${name}"`);
  if (given.length > 1)
    throw badUserInput(
      `expected a page from one place, got ${given.join(' and ')}. Open the history with "fromPosition" or "fromMessageId", and page ` +
        'on with the cursors of the page.',
    );
  if (fromPosition != null && fromPosition < 0)
    throw badUserInput(`fromPosition: expected 0 or more, got ${fromPosition}.`);
  if (fromMessageId != null && !parseMessageId(fromMessageId))
    throw badUserInput(
      'fromMessageId: expected the id of a message, "<session id>:<ordinal>", got something else. Pass on the `id` of a message ' +
        'unchanged.',
    );
}

/** The place in the history of `sessionId` that the arguments name. Throws BAD_USER_INPUT if they are invalid. */
export function historyPlace(args: PlaceArguments, sessionId: string): HistoryPlace | undefined {
  checkPlace(args);
  const { fromPosition, fromMessageId } = args;
  if (fromPosition != null) return { position: fromPosition };
  if (fromMessageId == null) return undefined;
  const message = parseMessageId(fromMessageId)!;
  if (message.sessionId === sessionId) return { ordinal: message.ordinal };
  throw badUserInput(
    `fromMessageId: expected a message of the session "${sessionId}", got one of "${message.sessionId}". Ask the session of the ` +
      'message for its history.',
  );
}

/**
 * True if a history of `length` messages goes on at the side of `place` that a page was not taken from. Messages that the page leaves
 * out by their role or time count, too.
 */
export function goesOnBeyond(
  place: HistoryPlace,
  from: 'start' | 'end',
  messages: readonly Message[],
  length: number,
): boolean {
  if (from === 'end') return (messages.at(-1)?.position ?? -1) < length - 1;
  return 'position' in place ? place.position > 0 : (messages[0]?.position ?? place.ordinal) > 0;
}
