import { GRAPHQL_PATH } from '../paths.ts';
import type { Refusal } from '../refusal.ts';
import type { Router } from '../routes.ts';
import type { Policy } from './policy.ts';

export const NOT_FOUND: Refusal = {
  status: 404,
  code: 'NOT_FOUND',
  message: `There is nothing at this path. The API is at ${GRAPHQL_PATH}.`,
};

/** Refuses requests for paths without a route. */
export function knownRoute(routeOf: Router): Policy {
  return { name: 'known route', head: (head) => (routeOf(head) === null ? NOT_FOUND : undefined) };
}
