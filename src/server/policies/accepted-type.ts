import { resultType, takesEventStream } from '../accept.ts';
import type { Router } from '../routes.ts';
import type { Policy } from './policy.ts';

/**
 * Refuses a client that accepts none of our media types of a result. Yoga itself would find out only after a mutation has run.
 */
export function acceptedType(routeOf: Router): Policy {
  return {
    name: 'accepted type',
    head(head) {
      const accept = head.header('accept');
      if (resultType(accept) !== null || takesEventStream(accept)) return undefined;
      if (head.isUpgrade || routeOf(head) !== 'api') return undefined;
      return {
        status: 406,
        code: 'NOT_ACCEPTABLE',
        message:
          'Expected a client that accepts application/graphql-response+json, application/json or text/event-stream, got an Accept ' +
          'header that takes none of them. Name one of them there, or send no Accept.',
      };
    },
  };
}
