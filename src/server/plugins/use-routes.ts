import type { ServerPlugin } from '../plugin.ts';
import { refuse } from '../refusal.ts';

export const GRAPHQL_PATH = '/graphql';

/** One path serves everything; the bare address leads people to it. */
export function useRoutes(): ServerPlugin {
  return {
    onRequest(payload) {
      const { request, fetchAPI, endResponse } = payload;
      const path = pathOf(request.url);
      if (path === GRAPHQL_PATH) return;
      if (path === '/' && request.method === 'GET') {
        endResponse(new fetchAPI.Response(null, { status: 302, headers: { location: GRAPHQL_PATH } }));
        return;
      }
      refuse(payload, {
        status: 404,
        code: 'NOT_FOUND',
        message: `There is nothing at this path. The API is at ${GRAPHQL_PATH}.`,
      });
    },
  };
}

/** The path as it was sent. No URL is parsed: it costs more than the rest of the check, and throws on odd input. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + '://'.length);
  if (start === -1) return '';
  const end = url.indexOf('?', start);
  return end === -1 ? url.slice(start) : url.slice(start, end);
}
