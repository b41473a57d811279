import { LRUCache } from 'lru-cache';

/** In UTF-16 units. Longer documents have values inlined, and seldom come twice. */
const MAX_CACHED_LENGTH = 16 * 1024;

/** Most programs have some hundreds of documents. */
const MAX_ENTRIES = 1_024;
const MAX_BYTES = 64 * 1024 * 1024;

/** A token of a parsed document takes some 420 bytes; its part of the plan by which the document is executed comes on top. */
const BYTES_PER_TOKEN = 600;

/** A syntax error holds what was parsed before it: some 45 bytes for a character of the densest document. */
const BYTES_PER_CHARACTER_OF_ERROR = 50;

/** Stacks, messages and the entry itself. */
const BYTES_PER_ENTRY = 4 * 1024;

/** The interface of Yoga's caches of parsed documents and of errors. */
export interface DocumentCache<Parsed extends object> {
  get(source: string): Parsed | undefined;
  set(source: string, parsed: Parsed): void;
  delete(source: string): void;
}

/**
 * An LRU cache by the text of a document, of at most 64 MiB, roughly. Yoga's own keeps a thousand documents of any length, and a document
 * of 10 KB can take 2 MB when it is parsed.
 */
export function createDocumentCache<Parsed extends object>(): DocumentCache<Parsed> {
  const cache = new LRUCache<string, Parsed>({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: (parsed, source) => 2 * source.length + BYTES_PER_ENTRY + bytesOf(parsed, source),
  });
  return {
    get: (source: string) => (source.length > MAX_CACHED_LENGTH ? undefined : cache.get(source)),
    set(source: string, parsed: Parsed) {
      if (source.length <= MAX_CACHED_LENGTH) cache.set(source, parsed);
    },
    delete(source: string) {
      cache.delete(source);
    },
  };
}

function bytesOf(parsed: object, source: string): number {
  return 'tokenCount' in parsed && typeof parsed.tokenCount === 'number'
    ? BYTES_PER_TOKEN * parsed.tokenCount
    : BYTES_PER_CHARACTER_OF_ERROR * source.length;
}
