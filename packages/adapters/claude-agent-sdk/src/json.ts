/** An object of JSON. Every member may be missing, or of any type: the SDK says nothing of what entries hold. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or one without members. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The text, if it is one and not empty. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** How much of a value's structure there is. */
export interface Shape {
  /** Values and keys. */
  readonly values: number;
  readonly depth: number;
}

/** Counts without calling itself, as a value may nest deeper than the stack. Adds each key of an object to `keys`. */
export function shapeOf(value: unknown, keys: Set<string>): Shape {
  let values = 0;
  let depth = 0;
  for (let level: unknown[] = [value]; level.length > 0; depth += 1) {
    values += level.length;
    const next: unknown[] = [];
    for (const held of level) {
      if (Array.isArray(held)) for (const item of held) next.push(item);
      else if (isObject(held))
        for (const [name, item] of Object.entries(held)) {
          keys.add(name);
          values += 1;
          next.push(item);
        }
    }
    level = next;
  }
  return { values, depth };
}
