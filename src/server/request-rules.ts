import type { IncomingMessage } from 'node:http';
import { createOriginCheck, type OriginCheck } from './allowed-origins.ts';
import { type Checks, createChecks } from './policies/checks.ts';
import { createPolicies } from './policies/policies.ts';
import { createPeerTrust } from './proxy/trusted-peers.ts';
import type { Refusal } from './refusal.ts';
import { settleTarget } from './request-target.ts';
import { createRouter, type Router } from './routes.ts';
import type { ServerSettings } from './settings.ts';

/** What a server decides about requests. Made once from its settings, so that both paths of a request agree. */
export interface RequestRules {
  /** Null if no origin is allowed. */
  readonly isAllowedOrigin: OriginCheck | null;
  readonly routeOf: Router;
  /** Settles the target of a request of node:http, its host, and who sent it. Returns a refusal if it must be answered with one. */
  readonly settle: (request: IncomingMessage) => Refusal | null;
  /** The checks of the policies. */
  readonly checks: Checks;
}

/** Throws a RangeError for an invalid entry in `allowedOrigins` or `trustedProxies`. */
export function createRequestRules({
  limits,
  allowedHosts,
  allowedOrigins,
  authenticate,
  callers,
  metrics,
  basePath = '',
  trustedProxies = [],
}: Pick<
  ServerSettings,
  | 'limits'
  | 'allowedHosts'
  | 'allowedOrigins'
  | 'authenticate'
  | 'callers'
  | 'metrics'
  | 'basePath'
  | 'trustedProxies'
>): RequestRules {
  const isAllowedOrigin = createOriginCheck(allowedOrigins);
  const routeOf = createRouter(isAllowedOrigin, metrics !== undefined);
  const policies = createPolicies({
    limits,
    allowedHosts,
    authenticate,
    callers,
    isAllowedOrigin,
    routeOf,
    basePath,
  });
  const isTrusted = trustedProxies.length === 0 ? null : createPeerTrust(trustedProxies);
  const settle = (request: IncomingMessage) => settleTarget(request, { basePath, isTrusted });
  return { isAllowedOrigin, routeOf, settle, checks: createChecks(policies) };
}
