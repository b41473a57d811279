import type { GraphQLParams } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { badRequest, type Refusal } from './refusal.ts';

/** A front end has hundreds of documents, of some kilobytes each. A document that is evicted costs its client one more request. */
const MAX_ENTRIES = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** So that a single document cannot evict many others. */
const MAX_DOCUMENT_BYTES = 256 * 1024;

/** An LRU cache of the texts of documents, by their SHA-256. */
export type PersistedQueries = LRUCache<string, string>;

/** A cache of at most 1,000 texts and 4 MiB. */
export function createPersistedQueries(): PersistedQueries {
  return new LRUCache({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    maxEntrySize: MAX_DOCUMENT_BYTES,
    // At most two bytes a UTF-16 unit; 256 bytes cover the hash and the entry.
    sizeCalculation: (text) => 2 * text.length + 256,
  });
}

/**
 * The SHA-256 by which a request names its document, in lower-case hex; undefined if it names none. Call it only for parameters that
 * `malformedPersistedQuery` does not refuse.
 */
export function persistedHashOf({ extensions }: GraphQLParams): string | undefined {
  const persisted = extensions?.persistedQuery as { readonly sha256Hash: string } | null | undefined;
  return persisted?.sha256Hash.toLowerCase();
}

/** The refusal of an `extensions.persistedQuery` that does not follow Apollo's protocol. */
export function malformedPersistedQuery({ extensions }: GraphQLParams): Refusal | undefined {
  const persisted: unknown = extensions?.persistedQuery;
  if (persisted == null) return undefined;
  const { version, sha256Hash } = persisted as { version?: unknown; sha256Hash?: unknown };
  if (typeof persisted !== 'object' || Array.isArray(persisted) || version === undefined) return MALFORMED;
  if (version !== 1) return NOT_SUPPORTED;
  return typeof sha256Hash === 'string' && /^[0-9a-f]{64}$/i.test(sha256Hash) ? undefined : MALFORMED;
}

const MALFORMED = badRequest(
  'Expected "extensions.persistedQuery" to be { "version": 1, "sha256Hash": the SHA-256 of the query in hex }.',
);

/*
 * Some clients compare the message, others the code. The status is 200 for both media types: not all clients read the body of an answer
 * with another status.
 */

/** A client then sends whole documents without hashes. */
const NOT_SUPPORTED: Refusal = {
  status: 200,
  code: 'PERSISTED_QUERY_NOT_SUPPORTED',
  message: 'PersistedQueryNotSupported',
};

/** The document is not cached: the client sends the hash again, with the text. */
export const PERSISTED_QUERY_NOT_FOUND: Refusal = {
  status: 200,
  code: 'PERSISTED_QUERY_NOT_FOUND',
  message: 'PersistedQueryNotFound',
};
