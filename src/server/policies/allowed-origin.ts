import { type OriginCheck, parseOrigin } from '../allowed-origins.ts';
import type { Refusal } from '../refusal.ts';
import type { RequestHead } from '../request-head.ts';
import type { Router } from '../routes.ts';
import type { Policy } from './policy.ts';

/**
 * Refuses requests for operations that a browser sends for a page of another site (CSRF). Clients other than browsers send neither
 * `Origin` nor `Sec-Fetch-Site`, and need no extra header. GraphiQL is exempt: any site may link to it.
 */
export function allowedOrigin(routeOf: Router, isAllowedOrigin: OriginCheck | null): Policy {
  return {
    name: 'allowed origin',
    head(head) {
      const origin = head.header('origin') ?? null;
      const site = head.header('sec-fetch-site');
      if (origin === null) {
        if (site !== 'cross-site' && site !== 'same-site') return undefined;
      } else if (
        isSameOrigin(origin, head) ||
        isAllowedOrigin?.(origin) ||
        (site === 'same-origin' && LOOPBACK_ORIGIN.test(origin))
      ) {
        return undefined;
      }
      const route = routeOf(head);
      return route === 'api' || route === 'metrics' ? originRefusal(origin) : undefined;
    },
  };
}

/**
 * The scheme is compared only where a trusted proxy says it: behind a proxy that terminates TLS, the page has https and this server http.
 */
function isSameOrigin(origin: string, { host, scheme }: RequestHead): boolean {
  const name = host.toLowerCase();
  if (scheme !== null) return origin === `${scheme}://${name}`;
  return origin === `http://${name}` || origin === `https://${name}`;
}

/**
 * Origins of development servers on this machine (Vite, webpack, Next). Their proxies change the Host header, so that it differs from
 * the origin. The origin is allowed if the browser also says `Sec-Fetch-Site: same-origin`, which a page cannot forge: it means that
 * the page came from the server that it calls. A page of another local server is `same-site`, and a rebound name does not match.
 */
const LOOPBACK_ORIGIN = /^https?:\/\/(([a-z0-9-]+\.)*localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d{1,5})?$/;

function originRefusal(origin: string | null): Refusal {
  const refusal = { status: 403, code: 'ORIGIN_NOT_ALLOWED' } as const;
  const named = origin === null || origin.length > MAX_ORIGIN_CHARACTERS ? null : parseOrigin(origin);
  if (named !== null && !named.includes('*')) {
    const message =
      `A page of ${named} may not call this server. ` +
      `If it is yours, start the server with --allow-origin ${named}.`;
    return { ...refusal, message };
  }
  const message =
    origin === 'null'
      ? 'A page without an origin (a file, a sandboxed frame) may not call this server. ' +
        'If it is yours, serve it over HTTP, and start the server with --allow-origin and its origin.'
      : 'A page of another site may not call this server. ' +
        'If it is yours, start the server with --allow-origin and its origin.';
  return { ...refusal, message };
}

/** Characters of the longest origin that a message names. A host has at most 253. */
const MAX_ORIGIN_CHARACTERS = 300;
