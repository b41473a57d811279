import type { ServerPlugin } from '../plugin.ts';
import { createFacts, noteDeparture } from '../request-facts.ts';
import { headOfRequest } from '../request-head.ts';

/**
 * The first plugin: the others read the facts and the head that it sets. The request id, the client's `x-request-id` or a new one, is
 * in the answer and in the log.
 */
export function useRequestFacts(): ServerPlugin {
  return {
    onRequest({ request, serverContext }) {
      const { handedOn, req } = serverContext;
      const address = req?.socket?.remoteAddress;
      const facts = handedOn?.facts ?? createFacts(request.headers.get('x-request-id'), undefined, address);
      serverContext.facts = facts;
      // The handler of the fast path notes it itself.
      if (!handedOn) request.signal.addEventListener('abort', () => noteDeparture(facts), { once: true });
      serverContext.head = handedOn?.head ?? headOfRequest(request, address);
    },
    onResponse({ response, serverContext }) {
      response.headers.set('x-request-id', serverContext.facts.id);
    },
  };
}
