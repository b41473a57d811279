import type { ServerPlugin } from '../plugin.ts';
import { refuse } from '../refusal.ts';

/** What Yoga can answer with: JSON for one result, the others for a stream of them. */
const ANSWERABLE =
  /\*\/\*|application\/(\*|json|graphql-response\+json)|text\/event-stream|multipart\/mixed/i;

/** Refuses a client that takes none of our media types before anything is done: Yoga finds out when a mutation has run. */
export function useAcceptCheck(): ServerPlugin {
  return {
    onRequest(payload) {
      const accept = payload.request.headers.get('accept');
      if (accept === null || accept.trim() === '' || ANSWERABLE.test(accept)) return;
      refuse(payload, {
        status: 406,
        code: 'NOT_ACCEPTABLE',
        message: 'Expected a client that accepts application/graphql-response+json or application/json.',
      });
    },
  };
}
