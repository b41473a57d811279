import { createHash } from 'node:crypto';
import { persistedHashOf } from '../persisted-queries.ts';
import type { Policy } from './policy.ts';

/** Refuses a document with the hash of another: otherwise a client could replace another's persisted query. */
export const matchingHash: Policy = {
  name: 'matching hash',
  params(params) {
    const hash = persistedHashOf(params);
    if (hash === undefined || !params.query) return undefined;
    if (createHash('sha256').update(params.query).digest('hex') === hash) return undefined;
    return {
      status: 400,
      code: 'PERSISTED_QUERY_MISMATCH',
      message:
        'Expected "extensions.persistedQuery.sha256Hash" to be the SHA-256 of "query", got that of another text. ' +
        'Hash the text as it is sent, in UTF-8.',
    };
  },
};
