import { randomUUID } from 'node:crypto';
import type { ServerPlugin } from '../plugin.ts';

const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** Takes the client's `x-request-id`, or makes one, and answers with it: client and log speak of the same request. */
export function useRequestId(): ServerPlugin {
  return {
    onRequest({ request, serverContext }) {
      serverContext.facts = serverContext.handedOn ?? {
        id: requestIdOf(request.headers.get('x-request-id')),
        startedAt: performance.now(),
      };
    },
    onResponse({ response, serverContext }) {
      response.headers.set('x-request-id', serverContext.facts.id);
    },
  };
}

/** The id that the client gave a request, or a new one. */
export function requestIdOf(given: string | null | undefined): string {
  return given != null && ACCEPTED.test(given) ? given : randomUUID();
}
