import type { DocumentNode } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { DocumentCache } from './document-cache.ts';
import { persistedHashOf } from './persisted-queries.ts';

/** The document of a request if it was served before; undefined if not, or if the request has both a text and a hash, for Yoga. */
export function knownDocument(
  params: GraphQLParams,
  documents: DocumentCache<DocumentNode>,
): DocumentNode | undefined {
  const hash = persistedHashOf(params);
  if (hash !== undefined) return params.query ? undefined : documents.get(hash);
  // Texts and hashes are keys of the same cache. A document contains a brace and a hash does not, so that neither passes for the other.
  return params.query?.includes('{') ? documents.get(params.query) : undefined;
}
