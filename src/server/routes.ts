import { negotiate, RESULT_TYPES } from './accept.ts';
import type { OriginCheck } from './allowed-origins.ts';
import { ASSETS_PATH, EXPLORER_PATH, GRAPHQL_PATH, METRICS_PATH, SERVER_PATH } from './paths.ts';
import type { RequestHead } from './request-head.ts';

/**
 * What a request is for: an operation, GraphiQL's page or one of its files, the explorer or one of its files, the bare address, the
 * metrics, `OPTIONS *`, or a preflight.
 */
export type Route = 'api' | 'page' | 'asset' | 'explorer' | 'home' | 'metrics' | 'server' | 'preflight';

/** Null if there is nothing at the path. */
export type Router = (head: RequestHead) => Route | null;

/** Preflights are answered at every path, for origins of which `isAllowedOrigin` is true. `hasMetrics`: there are metrics to be served. */
export function createRouter(isAllowedOrigin: OriginCheck | null, hasMetrics = false): Router {
  return (head) => {
    const { method, path, isUpgrade } = head;
    if (isUpgrade) return path === GRAPHQL_PATH ? 'api' : null;
    if (method === 'OPTIONS') {
      const origin = head.header('origin');
      if (origin != null && isAllowedOrigin?.(origin)) return 'preflight';
      if (path === SERVER_PATH) return 'server';
    }
    if (path === GRAPHQL_PATH) return method === 'GET' && asksForHtml(head) ? 'page' : 'api';
    if (method !== 'GET') return null;
    // Without the slash at its end, the path is one that people type.
    if (path === '/' || `${path}/` === EXPLORER_PATH) return 'home';
    if (path.startsWith(EXPLORER_PATH)) return 'explorer';
    if (path === METRICS_PATH && hasMetrics) return 'metrics';
    return path.startsWith(ASSETS_PATH) ? 'asset' : null;
  };
}

function asksForHtml(head: RequestHead): boolean {
  return negotiate(head.header('accept'), [...RESULT_TYPES, 'text/html']) === 'text/html';
}
