import { takesEventStream } from '../accept.ts';
import type { Policy } from './policy.ts';

/**
 * Refuses a subscription over HTTP of a client that does not ask for server-sent events. Yoga itself would find out only once it has
 * subscribed, and would leave the subscriber behind.
 */
export const acceptedStream: Policy = {
  name: 'accepted stream',
  operation({ operation }, { header, isUpgrade }) {
    if (operation !== 'subscription' || isUpgrade || takesEventStream(header('accept'))) return undefined;
    return {
      status: 406,
      code: 'NOT_ACCEPTABLE',
      message:
        'Expected a client that accepts text/event-stream, in which subscriptions are answered over HTTP, got an Accept header ' +
        'that does not name it. Name it there, or subscribe over WebSocket at the same address (the subprotocol graphql-transport-ws).',
    };
  },
};
