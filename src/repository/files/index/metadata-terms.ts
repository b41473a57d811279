import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts';

/**
 * Stands for all terms of a session with more than `MAX_TERMS` terms: every filter then compares the
 * session's metadata itself.
 */
export const TOO_MANY = -1;
const MAX_TERMS = 256;

/**
 * Terms narrow a list before metadata itself is compared. A term is a number for the path and value of one
 * scalar. Metadata that contains a filter has all of the filter's terms. The converse need not hold: two
 * terms may share a number, and paths do not tell the elements of an array apart. `metadata` is JSON.
 */
export function metadataTerms(metadata: string): number[] {
  return metadata === '{}' ? [] : metadataTermsOf(JSON.parse(metadata) as JsonObject);
}

/** As `metadataTerms`, for parsed metadata. */
export function metadataTermsOf(metadata: JsonObject): number[] {
  return termsOf(metadata, MAX_TERMS) ?? [TOO_MANY];
}

/** The terms that metadata must have to contain `filter`; a filter has few. */
export function filterTerms(filter: JsonObject): number[] {
  return termsOf(filter, Number.POSITIVE_INFINITY) ?? [];
}

/** Null if there are more than `max` terms. */
function termsOf(metadata: JsonObject, max: number): number[] | null {
  const terms = new Set<number>();
  const visit = (value: JsonValue, path: number): void => {
    if (terms.size > max) return;
    if (Array.isArray(value)) {
      // All elements of an array share one path.
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

/**
 * Tags of the next step on the path to a value. No tag can be part of a text, whose code units have 16 bits.
 */
const MEMBER = 0x10000;
const ELEMENT = 0x20000;
const STRING = 0x30000;
const OTHER = 0x40000;

/**
 * FNV-1a, with 16 bits per step: http://www.isthe.com/chongo/tech/comp/fnv/. crc32 of text takes three times
 * as long.
 */
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
