import { createOriginCheck, type OriginCheck } from './allowed-origins.ts';
import { type Checks, createChecks } from './policies/checks.ts';
import { createPolicies } from './policies/policies.ts';
import { createRouter, type Router } from './routes.ts';
import type { ServerSettings } from './settings.ts';

/** What a server decides about requests. Made once from its settings, so that both paths of a request agree. */
export interface RequestRules {
  /** Null if no origin is allowed. */
  readonly isAllowedOrigin: OriginCheck | null;
  readonly routeOf: Router;
  /** The checks of the policies. */
  readonly checks: Checks;
}

/** Throws a RangeError for an invalid entry in `allowedOrigins`. */
export function createRequestRules({
  limits,
  allowedHosts,
  allowedOrigins,
  authenticate,
}: Pick<ServerSettings, 'limits' | 'allowedHosts' | 'allowedOrigins' | 'authenticate'>): RequestRules {
  const isAllowedOrigin = createOriginCheck(allowedOrigins);
  const routeOf = createRouter(isAllowedOrigin);
  const policies = createPolicies({ limits, allowedHosts, authenticate, isAllowedOrigin, routeOf });
  return { isAllowedOrigin, routeOf, checks: createChecks(policies) };
}
