import { createPersistedQueries, PERSISTED_QUERY_NOT_FOUND, persistedHashOf } from '../persisted-queries.ts';
import type { ServerPlugin } from '../plugin.ts';
import { refusalError } from '../refusal.ts';

/**
 * Automatic persisted queries, as Apollo and urql implement them: a client sends the hash of a document, and the text only if the server
 * does not know the hash. A text is stored once it has passed validation. `@graphql-yoga/plugin-apq` stores every text, up to a
 * thousand of the size of a body, for 36 seconds, and refuses no other version of the protocol.
 */
export function usePersistedQueries(): ServerPlugin {
  const kept = createPersistedQueries();
  return {
    onParams({ params, setParams }) {
      const hash = persistedHashOf(params);
      if (hash === undefined || params.query) return;
      const query = kept.get(hash);
      if (query === undefined) throw refusalError(PERSISTED_QUERY_NOT_FOUND);
      setParams({ ...params, query });
    },
    onValidate({ context: { params } }) {
      return ({ valid }) => {
        const hash = persistedHashOf(params);
        if (valid && hash !== undefined && params.query) kept.set(hash, params.query);
      };
    },
  };
}
