import { createLRUCache } from 'graphql-yoga';

/** Longer documents have their values written into them, and hardly come twice. */
const MAX_CACHED_LENGTH = 16 * 1024;

/** As Yoga takes one for what parsing and validation gave. */
export interface DocumentCache<Parsed extends object> {
  get(source: string): Parsed | undefined;
  set(source: string, parsed: Parsed): void;
}

/** What parsing gave for the documents used last. Bounded in bytes too: Yoga's own keeps a thousand of any length. */
export function createDocumentCache<Parsed extends object>(): DocumentCache<Parsed> {
  const cache = createLRUCache<Parsed>();
  return {
    get: (source: string) => (source.length > MAX_CACHED_LENGTH ? undefined : cache.get(source)),
    set(source: string, parsed: Parsed) {
      if (source.length <= MAX_CACHED_LENGTH) cache.set(source, parsed);
    },
  };
}
