import type { ServerPlugin } from '../plugin.ts';

export interface CorsOptions {
  /** Origins (`https://app.example`) whose pages may read the answers. */
  readonly allowedOrigins: ReadonlySet<string>;
}

/** Said with every answer where some origins are allowed: a cache must not give one origin what another got. */
export const VARY = { vary: 'Origin' } as const;

/** Tells browsers that pages of the allowed origins, and no others, may call and read. Never with credentials. */
export function useCors({ allowedOrigins }: CorsOptions): ServerPlugin {
  if (allowedOrigins.size === 0) return {};
  const isAllowed = (request: Request) => allowedOrigins.has(request.headers.get('origin') ?? '');
  return {
    onRequest({ request, fetchAPI, endResponse }) {
      if (request.method !== 'OPTIONS' || !isAllowed(request)) return;
      endResponse(
        new fetchAPI.Response(null, {
          status: 204,
          headers: {
            'access-control-allow-methods': 'GET, POST',
            'access-control-allow-headers': 'content-type, x-request-id',
            'access-control-max-age': '600',
          },
        }),
      );
    },
    onResponse({ request, response }) {
      response.headers.append('vary', VARY.vary);
      if (!isAllowed(request)) return;
      response.headers.set('access-control-allow-origin', request.headers.get('origin')!);
      response.headers.set('access-control-expose-headers', 'x-request-id');
    },
  };
}
