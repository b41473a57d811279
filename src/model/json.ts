/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** A JSON object. Its keys are data: `__proto__` is a key like any other and never reaches a prototype. */
export interface JsonObject {
  [key: string]: JsonValue;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The kind of a value in words, without any of its content. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

/**
 * `DEEP` if `value` has more levels of nesting than `maxDepth` (0 for a scalar, 1 for `{}` and `[]`), `WIDE` if it has more than
 * `maxValues` values above that depth, or null. Stops at the first, and uses no recursion: a value as deep as a request body allows would
 * overflow the stack.
 */
export function jsonShape(value: unknown, maxDepth: number, maxValues: number): 'DEEP' | 'WIDE' | null {
  let values = 1;
  let level: unknown[] = [value];
  for (let depth = 1; ; depth += 1) {
    const below: unknown[] = [];
    let hasContainer = false;
    for (const container of level) {
      if (typeof container !== 'object' || container === null) continue;
      hasContainer = true;
      const members: unknown[] = Array.isArray(container) ? container : Object.values(container);
      values += members.length;
      if (values > maxValues) return depth > maxDepth ? 'DEEP' : 'WIDE';
      for (const member of members) below.push(member);
    }
    if (!hasContainer) return null;
    if (depth > maxDepth) return 'DEEP';
    level = below;
  }
}

/** The bytes of UTF-8 of all strings and keys in `value`. Uses no recursion. */
export function textBytesIn(value: unknown): number {
  let bytes = 0;
  const stack = [value];
  while (stack.length > 0) {
    const held = stack.pop();
    if (typeof held === 'string') bytes += Buffer.byteLength(held);
    if (typeof held !== 'object' || held === null) continue;
    if (!Array.isArray(held)) for (const key in held) bytes += Buffer.byteLength(key);
    for (const member of Object.values(held)) stack.push(member);
  }
  return bytes;
}

/** Bytes of memory that a value or key of parsed JSON takes, roughly: an empty list in a list counts as two and takes 64, most take less. */
export const BYTES_PER_VALUE = 32;

/** Bytes of `{}`: most metadata. */
const EMPTY_BYTES = 2;

/**
 * What a JSON value of `textBytes` bytes as text counts among the texts of an answer, which are in memory at once: those bytes, or 32 for
 * each value and key, whichever is more. Parsed, `[[],[],[]]` takes twenty times its text.
 */
export function countedBytes(value: unknown, textBytes: number): number {
  return textBytes <= EMPTY_BYTES ? textBytes : Math.max(textBytes, BYTES_PER_VALUE * valuesIn(value));
}

/** The values and keys in `value`; a list or object counts for its place and for itself. Uses no recursion. */
function valuesIn(value: unknown): number {
  let values = 0;
  const containers: unknown[] = [];
  const add = (member: unknown) => {
    if (typeof member !== 'object' || member === null) return;
    values += 1;
    if (!Array.isArray(member) || member.length > 0) containers.push(member);
  };
  add(value);
  while (containers.length > 0) {
    const held = containers.pop() as JsonObject | unknown[];
    if (Array.isArray(held)) {
      values += held.length;
      for (const member of held) add(member);
      continue;
    }
    // Twice as fast as Object.values.
    for (const key in held) {
      values += 2;
      add(held[key]);
    }
  }
  return values;
}

/** Sets an own property whatever its name: plain assignment to `__proto__` would change the prototype instead. */
function setOwn(target: JsonObject, key: string, value: JsonValue): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** `target` with the JSON merge patch `patch` applied (RFC 7396): null removes a key, objects merge. Neither argument is changed. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = {};
  for (const [key, value] of Object.entries(target)) setOwn(merged, key, value);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[key];
    } else if (isJsonObject(value)) {
      const current = Object.hasOwn(merged, key) ? merged[key] : undefined;
      setOwn(merged, key, mergePatch(isJsonObject(current) ? current : {}, value));
    } else {
      setOwn(merged, key, value);
    }
  }
  return merged;
}

/** `target` with the members of `values` in the place of its own. Neither argument is changed. */
export function withMembers(target: JsonObject, values: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const held of [target, values])
    for (const [key, value] of Object.entries(held)) setOwn(result, key, value);
  return result;
}

/**
 * True if `value` contains `part`, as PostgreSQL's `@>`. An object contains another if it contains each of its members. An array
 * contains another if, for each of its elements, some element contains it. A scalar contains itself.
 */
export function jsonContains(value: JsonValue, part: JsonValue): boolean {
  if (Array.isArray(part)) {
    if (!Array.isArray(value)) return false;
    // A set of the scalars, because comparing each element with each would take minutes for large arrays.
    const scalars = new Set(value.filter(isScalar));
    return part.every((wanted) =>
      isScalar(wanted) ? scalars.has(wanted) : value.some((present) => jsonContains(present, wanted)),
    );
  }
  if (isJsonObject(part)) {
    return (
      isJsonObject(value) &&
      Object.entries(part).every(
        ([key, wanted]) => Object.hasOwn(value, key) && jsonContains(value[key]!, wanted),
      )
    );
  }
  return value === part;
}

/**
 * True if both are written as the same JSON, but for the order of keys. Other than for `isDeepStrictEqual`, 0 equals -0, and objects with
 * and without a prototype are equal. A member that is undefined counts as absent.
 */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((element, n) => isSameJson(element, other[n]));
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const memberOf = (object: JsonObject, key: string) =>
    Object.hasOwn(object, key) ? object[key] : undefined;
  return (
    Object.keys(one).every((key) => isSameJson(one[key], memberOf(other, key))) &&
    Object.keys(other).every((key) => other[key] === undefined || Object.hasOwn(one, key))
  );
}

function isScalar(value: JsonValue): boolean {
  return typeof value !== 'object' || value === null;
}

/** JSON with the keys of every object sorted, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) => {
    if (!isJsonObject(held)) return held;
    const sorted: JsonObject = {};
    for (const key of Object.keys(held).sort()) setOwn(sorted, key, held[key]!);
    return sorted;
  });
}
