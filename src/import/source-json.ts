import { isJsonObject, type JsonObject, type JsonValue, jsonShape } from '../model/json.ts';

/** What other programs wrote has any form: these functions take what fits, and nothing else. */

/** No program nests so deep; JSON.stringify and every function that calls itself fail at some thousands of levels. */
const DEPTH_MAX = 500;

const BYTE_ORDER_MARK = '\ufeff';

/** The kind of what is dropped from an object whose text is no UTF-8: such bytes become U+FFFD. */
export const NO_UTF8 = 'bytes that are no UTF-8 (replaced)';

/**
 * The object in the text, with a byte order mark before it or without; null if the text is no JSON, holds no object, or one with more than
 * 500 levels.
 */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
    if (!isJsonObject(value)) return null;
    // Each level has at least two characters.
    const isDeep =
      text.length > 2 * DEPTH_MAX && jsonShape(value, DEPTH_MAX, Number.POSITIVE_INFINITY) !== null;
    return isDeep ? null : value;
  } catch {
    return null;
  }
}

export function objectIn(value: unknown): JsonObject | null {
  return isJsonObject(value) ? value : null;
}

/** The elements of a list; none if there is no value. Anything else counts as a list of one. */
export function listIn(value: JsonValue | undefined): readonly JsonValue[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** The objects of a list; none if `value` is no list. */
export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** Null for the empty text, too. */
export function textIn(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** A count of tokens: 0 if there is none. */
export function countIn(value: unknown): number {
  const number = numberIn(value);
  return number === null || number < 0 ? 0 : Math.trunc(number);
}

/** A time as text (ISO 8601), or as milliseconds since 1970. */
export function dateIn(value: unknown): Date | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const date = new Date(value);
  return isTime(date) ? date : null;
}

/** A time as text (ISO 8601), or as seconds since 1970. */
export function dateInSeconds(value: unknown): Date | null {
  return dateIn(typeof value === 'number' ? Math.round(value * 1000) : value);
}

/** The store takes the years 1 to 9999. */
function isTime(date: Date): boolean {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/** The members of `object` whose names are not in `names`, and that are not null. */
export function without(object: JsonObject, names: readonly string[]): JsonObject {
  const rest: JsonObject = {};
  for (const [name, value] of Object.entries(object))
    if (value !== null && value !== undefined && !names.includes(name)) setOwn(rest, name, value);
  return rest;
}

/** The members of `object` that are not null, without texts that have one of these `names`. */
export function withoutTexts(object: JsonObject, names: readonly string[]): JsonObject {
  return without(
    object,
    names.filter((name) => typeof object[name] === 'string'),
  );
}

function setOwn(target: JsonObject, name: string, value: JsonValue): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Null for an object without members. */
export function orNull(object: JsonObject): JsonObject | null {
  return Object.keys(object).length === 0 ? null : object;
}

/** The JSON value in the text, or the text if there is none: the arguments of a tool call. */
export function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
