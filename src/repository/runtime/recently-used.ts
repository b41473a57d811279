import { LRUCache } from 'lru-cache';

/**
 * A cache of the entries that were used last, at most so many. Its memory grows with them: with `max`, LRUCache takes that of all entries when
 * it is made, which for 200,000 lasts 40 ms.
 */
export function recentlyUsed<Key extends {}, Value extends {}>(entries: number): LRUCache<Key, Value> {
  return new LRUCache({ maxSize: entries, sizeCalculation: () => 1 });
}
