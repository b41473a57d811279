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
  return metadata === '{}' ? [] : metadataTermsOf(JSON.parse(metadata) as JsonObject);
}

/** The same, of what the JSON says. */
export function metadataTermsOf(metadata: JsonObject): number[] {
  return termsOf(metadata, MAX_TERMS) ?? [TOO_MANY];
}

/** The terms that metadata must have to contain `filter`; a filter has few. */
export function filterTerms(filter: JsonObject): number[] {
  return termsOf(filter, Number.POSITIVE_INFINITY) ?? [];
}

/** Null where there are more than `max`. */
function termsOf(metadata: JsonObject, max: number): number[] | null {
  const terms = new Set<number>();
  const visit = (value: JsonValue, path: number): void => {
    if (terms.size > max) return;
    if (Array.isArray(value)) {
      // An array's elements share one place in the path.
      for (const element of value) visit(element, step(path, ELEMENT));
    } else if (isJsonObject(value)) {
      for (const [key, held] of Object.entries(value)) visit(held, through(step(path, MEMBER), key));
    } else {
      terms.add(through(step(path, typeof value === 'string' ? STRING : OTHER), String(value)) >>> 0);
    }
  };
  visit(metadata, START);
  return terms.size > max ? null : [...terms];
}

/** What comes next on the way to a value: none of them is a part of a text, which has 16 bits. */
const MEMBER = 0x10000;
const ELEMENT = 0x20000;
const STRING = 0x30000;
const OTHER = 0x40000;

/** FNV-1a, with 16 bits a step: http://www.isthe.com/chongo/tech/comp/fnv/. crc32 of text takes three times as long. */
const START = 0x811c9dc5;
const PRIME = 0x01000193;

function step(hash: number, next: number): number {
  return Math.imul(hash ^ next, PRIME);
}

function through(hash: number, text: string): number {
  let end = hash;
  for (let n = 0; n < text.length; n += 1) end = step(end, text.charCodeAt(n));
  return end;
}
