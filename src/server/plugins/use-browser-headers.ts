import type { OriginCheck } from '../allowed-origins.ts';
import { corsHeaders, dependsOn, SECURITY_HEADERS, VARY } from '../browser-headers.ts';
import type { ServerPlugin } from '../plugin.ts';

export interface BrowserHeadersOptions {
  /** Origins whose pages may read the answers; null if there are none. */
  readonly isAllowedOrigin: OriginCheck | null;
}

/** Sets the headers that tell browsers the type of an answer, how long to cache it, and which pages may read it. */
export function useBrowserHeaders({ isAllowedOrigin }: BrowserHeadersOptions): ServerPlugin {
  return {
    onResponse({ request, response: { headers } }) {
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
      keepFromCaches(request, headers);
      if (isAllowedOrigin !== null) allowOrigin(request, headers, isAllowedOrigin);
    },
  };
}

/**
 * Forbids caching answers to GET, unless they have a `Cache-Control` of their own. A query's answer is private and soon outdated, and a
 * browser may cache a 404 or a 405 for as long as it likes.
 */
function keepFromCaches({ method }: Request, headers: Headers): void {
  if ((method !== 'GET' && method !== 'HEAD') || headers.has('cache-control')) return;
  headers.set('cache-control', 'no-store');
  // The same address serves GraphiQL.
  dependsOn(headers, 'Accept');
  dependsOn(headers, 'Accept-Encoding');
}

/**
 * Lets pages of the allowed origins read the answer, with credentials and any headers: an allowed origin is trusted completely.
 */
function allowOrigin(request: Request, headers: Headers, isAllowedOrigin: OriginCheck): void {
  dependsOn(headers, VARY.vary);
  const origin = request.headers.get('origin');
  if (origin === null || !isAllowedOrigin(origin)) return;
  for (const [name, value] of corsHeaders(origin)) headers.set(name, value);
}
