import { crc32 } from 'node:zlib';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts';

/** Stands for all the terms of a session that has more than `MAX_TERMS`: such a one is looked at by every filter. */
export const TOO_MANY = -1;
const MAX_TERMS = 256;

/**
 * What a list is narrowed by before metadata itself is compared: for each scalar in it a number that stands for its path
 * and its value. Metadata that contains a filter has all the filter's terms. The converse need not hold: two terms may share
 * a number, and paths do not tell the elements of an array apart. `metadata` is JSON.
 */
export function metadataTerms(metadata: string): number[] {
  if (metadata === '{}') return [];
  return termsOf(JSON.parse(metadata) as JsonObject, MAX_TERMS) ?? [TOO_MANY];
}

/** The terms that metadata must have to contain `filter`; a filter has few. */
export function filterTerms(filter: JsonObject): number[] {
  return termsOf(filter, Number.POSITIVE_INFINITY) ?? [];
}

/** Null where there are more than `max`. */
function termsOf(metadata: JsonObject, max: number): number[] | null {
  const terms = new Set<number>();
  const visit = (value: JsonValue, path: readonly (string | null)[]): void => {
    if (terms.size > max) return;
    if (Array.isArray(value)) {
      // null is no key: an array's elements share one place in the path.
      for (const element of value) visit(element, [...path, null]);
    } else if (isJsonObject(value)) {
      for (const [key, held] of Object.entries(value)) visit(held, [...path, key]);
    } else {
      terms.add(crc32(JSON.stringify([path, value])));
    }
  };
  visit(metadata, []);
  return terms.size > max ? null : [...terms];
}
