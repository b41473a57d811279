import { methodNotAllowed } from '../refusal.ts';
import type { Policy } from './policy.ts';

/** Refuses mutations by GET: browsers send GETs for links, images and prefetches. */
export const readOnlyGet: Policy = {
  name: 'read-only GET',
  operation: ({ operation }, { method, isUpgrade }) =>
    method === 'GET' && !isUpgrade && operation === 'mutation'
      ? methodNotAllowed('Expected a POST request: a mutation changes things.', 'POST')
      : undefined,
};
