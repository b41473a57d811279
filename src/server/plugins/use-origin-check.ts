import type { ServerPlugin } from '../plugin.ts';
import { refuse } from '../refusal.ts';
import { hostOf } from './use-host-check.ts';

export interface OriginCheckOptions {
  /** Origins (`https://app.example`) whose pages may call. */
  readonly allowedOrigins: ReadonlySet<string>;
}

/**
 * Refuses what a browser sends on behalf of another site's page (CSRF). A client that is no browser sends neither `Origin`
 * nor `Sec-Fetch-Site`, and needs no extra header. GraphiQL comes before this check: a link to it may stand anywhere.
 */
export function useOriginCheck({ allowedOrigins }: OriginCheckOptions): ServerPlugin {
  return {
    onRequest(payload) {
      const { request } = payload;
      const origin = request.headers.get('origin');
      if (origin === null) {
        const site = request.headers.get('sec-fetch-site');
        if (site !== 'cross-site' && site !== 'same-site') return;
      } else if (isSameOrigin(origin, request) || allowedOrigins.has(origin)) {
        return;
      }
      refuse(payload, {
        status: 403,
        code: 'ORIGIN_NOT_ALLOWED',
        message:
          'The request comes from a page of another site, which may not call this server. ' +
          'If it is yours, start the server with --allow-origin and its origin.',
      });
    },
  };
}

/** Schemes are not compared: behind a proxy that ends TLS the page is https and this server is not. */
function isSameOrigin(origin: string, request: Request): boolean {
  const host = hostOf(request).toLowerCase();
  return origin === `http://${host}` || origin === `https://${host}`;
}
