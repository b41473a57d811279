import { encodingFor } from '../compression.ts';
import type { Policy } from './policy.ts';

/** Refuses a client that accepts none of our encodings. */
export const acceptedEncoding: Policy = {
  name: 'accepted encoding',
  head(head) {
    if (encodingFor(head, 0) !== null) return undefined;
    return {
      status: 406,
      code: 'NOT_ACCEPTABLE',
      message:
        'Expected a client that accepts an answer as it is, or compressed with gzip or br, got an Accept-Encoding header that ' +
        'takes none of them. Name one of them there, or send no Accept-Encoding.',
    };
  },
};
