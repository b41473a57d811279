import type { DocumentNode } from 'graphql';
import type { DocumentCache } from '../document-cache.ts';
import { persistedHashOf } from '../persisted-queries.ts';
import type { ServerPlugin } from '../plugin.ts';

export interface KnownDocumentsOptions {
  /** Yoga's cache of parsed documents. */
  readonly parsed: DocumentCache<DocumentNode>;
  /** The documents that have passed validation, if another path serves them. */
  readonly valid: DocumentCache<DocumentNode> | undefined;
}

/**
 * Stores each document that has passed validation, by its text, and by its hash if the request has one. Drops a document that has not: its
 * errors, which Yoga keeps as long as the document, take thousands of bytes each.
 */
export function useKnownDocuments({ parsed, valid: documents }: KnownDocumentsOptions): ServerPlugin {
  return {
    onValidate({ context, params: { documentAST } }) {
      return ({ valid }) => {
        const { query } = context.params;
        if (!query) return;
        if (!valid) parsed.delete(query);
        if (!valid || !documents) return;
        documents.set(query, documentAST);
        const hash = persistedHashOf(context.params);
        // A document that is too long for the cache is not stored by its hash either.
        if (hash !== undefined && documents.get(query)) documents.set(hash, documentAST);
      };
    },
  };
}
