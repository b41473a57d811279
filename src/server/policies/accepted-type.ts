import { resultType } from '../accept.ts';
import type { Router } from '../routes.ts';
import type { Policy } from './policy.ts';

/**
 * Refuses a client that accepts none of our media types of a result. Yoga itself would find out only after a mutation has run.
 */
export function acceptedType(routeOf: Router): Policy {
  return {
    name: 'accepted type',
    head(head) {
      if (resultType(head.header('accept')) !== null || routeOf(head) !== 'api') return undefined;
      return {
        status: 406,
        code: 'NOT_ACCEPTABLE',
        message:
          'Expected a client that accepts application/graphql-response+json or application/json, got an Accept header that ' +
          'takes neither. Name one of them there, or send no Accept.',
      };
    },
  };
}
