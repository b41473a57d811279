import type { ServerPlugin } from '../plugin.ts';
import { refuse } from '../refusal.ts';

/** What Yoga can answer with: JSON for one result, the others for a stream of them; and what stands for them. */
const ANSWERABLE = new Set([
  '*/*',
  '*/json',
  'application/*',
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  'multipart/mixed',
]);

/** Refuses a client that takes none of our media types before anything is done: Yoga finds out when a mutation has run. */
export function useAcceptCheck(): ServerPlugin {
  return {
    onRequest(payload) {
      const accept = payload.request.headers.get('accept');
      if (accept === null || accept.trim() === '' || accept.split(',').some(isAnswerable)) return;
      refuse(payload, {
        status: 406,
        code: 'NOT_ACCEPTABLE',
        message: 'Expected a client that accepts application/graphql-response+json or application/json.',
      });
    },
  };
}

/** As Yoga sees it, which looks at no `q`. */
function isAnswerable(range: string): boolean {
  const [type, ...parameters] = range.replace(/\s/g, '').toLowerCase().split(';');
  const charset = parameters.find((parameter) => parameter.includes('charset='));
  return ANSWERABLE.has(type!) && (charset ?? 'charset=utf-8') === 'charset=utf-8';
}
