import { GRAPHQL_PATH } from '../paths.ts';
import type { Refusal } from '../refusal.ts';
import type { Router } from '../routes.ts';
import type { Policy } from './policy.ts';

/** The refusal of a request for a path where there is nothing. */
export function notFound(basePath = ''): Refusal {
  const message = `There is nothing at this path. The API is at ${basePath}${GRAPHQL_PATH}.`;
  return { status: 404, code: 'NOT_FOUND', message };
}

/** Refuses requests for paths without a route. */
export function knownRoute(routeOf: Router, basePath = ''): Policy {
  const refusal = notFound(basePath);
  return { name: 'known route', head: (head) => (routeOf(head) === null ? refusal : undefined) };
}
