import { preflightHeaders } from '../browser-headers.ts';
import { isExplorerBuilt } from '../explorer-files.ts';
import { EXPLORER_PATH, GRAPHQL_PATH } from '../paths.ts';
import type { ServerPlugin } from '../plugin.ts';
import { SERVED_METHODS } from '../refusal.ts';
import type { Router } from '../routes.ts';

export interface RoutesOptions {
  readonly routeOf: Router;
  readonly basePath?: string | undefined;
}

/**
 * Answers preflights, `OPTIONS *`, and the bare address, which redirects people to the explorer, or to GraphiQL
 * where the explorer was not built.
 */
export function useRoutes({ routeOf, basePath = '' }: RoutesOptions): ServerPlugin {
  return {
    onRequest({ request, serverContext: { head }, fetchAPI, endResponse }) {
      const answer = (status: number, headers: Record<string, string>) =>
        endResponse(new fetchAPI.Response(null, { status, headers }));
      switch (routeOf(head)) {
        case 'preflight':
          return answer(204, preflightHeaders(request));
        case 'home':
          return answer(302, { location: `${basePath}${isExplorerBuilt() ? EXPLORER_PATH : GRAPHQL_PATH}` });
        case 'server':
          // OPTIONS is allowed: for this request, and for preflights of allowed origins.
          return answer(204, { allow: `${SERVED_METHODS}, OPTIONS` });
      }
    },
  };
}
