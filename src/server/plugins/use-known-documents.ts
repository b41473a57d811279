import type { DocumentNode } from 'graphql';
import type { DocumentCache } from '../document-cache.ts';
import type { ServerPlugin } from '../plugin.ts';

/** Notes each document that has passed all rules, with its text: the fast path takes no other. */
export function useKnownDocuments(documents: DocumentCache<DocumentNode>): ServerPlugin {
  return {
    onValidate({ context, params: { documentAST } }) {
      return ({ valid }) => {
        const { query } = context.params;
        if (valid && query) documents.set(query, documentAST);
      };
    },
  };
}
