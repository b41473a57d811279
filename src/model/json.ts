/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** A JSON object. Its keys are data: `__proto__` is a key like any other and never reaches a prototype. */
export interface JsonObject {
  [key: string]: JsonValue;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Levels of nesting: 0 for a scalar, 1 for `{}` and `[]`. Stops counting past `limit`, and uses no recursion:
 * a value as deep as a request body allows would overflow the stack.
 */
export function jsonDepth(value: unknown, limit: number): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (depth <= limit) {
    const containers = level.filter((item) => typeof item === 'object' && item !== null) as object[];
    if (containers.length === 0) return depth;
    depth += 1;
    level = containers.flatMap((container) => Object.values(container));
  }
  return depth;
}

/** Sets an own property whatever its name: plain assignment to `__proto__` would change the prototype instead. */
function setOwn(target: JsonObject, key: string, value: JsonValue): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** `target` with the JSON merge patch `patch` applied (RFC 7396): null removes a key, objects merge. Changes neither. */
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

/**
 * Whether `value` contains all of `part`: an object contains another whose every member it contains, an array contains
 * another each of whose elements one of its own contains, a scalar contains itself (as PostgreSQL's `@>`).
 */
export function jsonContains(value: JsonValue, part: JsonValue): boolean {
  if (Array.isArray(part)) {
    if (!Array.isArray(value)) return false;
    // Scalars, which most arrays hold, are looked up: comparing each with each would take minutes for large arrays.
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

function isScalar(value: JsonValue): boolean {
  return typeof value !== 'object' || value === null;
}

/** JSON with the keys of every object sorted: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) => {
    if (!isJsonObject(held)) return held;
    const sorted: JsonObject = {};
    for (const key of Object.keys(held).sort()) setOwn(sorted, key, held[key]!);
    return sorted;
  });
}
