import type { Fault } from './input-fault.ts';
import { type JsonObject, type JsonValue, jsonShape } from './json.ts';
import type { Limits } from './limits.ts';

/** True for text that the store takes: well-formed Unicode without NUL. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

export const STORABLE = 'well-formed Unicode without NUL';

/** The first character of `text` that cannot be stored, and its position. */
export function unstorable(text: string): string {
  const { index, 0: character } = /[\0\p{Surrogate}]/u.exec(text)!;
  return `${character === '\0' ? 'NUL' : 'half of a surrogate pair'} as character ${index + 1}`;
}

/** A limit by its name, which messages give: it is the one that `--limit` takes. */
export interface Bound {
  readonly limit: keyof Limits;
  readonly max: number;
}

/** The limit `limit` of `limits`. */
export function bound<Name extends keyof Limits>(limits: Pick<Limits, Name>, limit: Name): Bound {
  return { limit, max: limits[limit] };
}

export function atMost({ limit, max }: Bound, unit: string, got: number | 'more'): Fault {
  return { expected: `at most ${max} ${unit} (the limit ${limit})`, got: String(got) };
}

/**
 * Why `value` cannot be stored; null if it can. With `isText`, its strings must be text; otherwise they are stored as JSON escapes them.
 * Depth is checked first, because the other checks recurse into the value.
 */
export function jsonFault(value: JsonValue, bytes: Bound, depth: Bound, isText: boolean): Fault | null {
  const shape = jsonShape(value, depth.max, bytes.max);
  if (shape === 'DEEP') return atMost(depth, 'levels of nesting', 'more');
  // Each value has at least one byte.
  if (shape === 'WIDE') return atMost(bytes, 'bytes as JSON', 'more');
  const json = JSON.stringify(value);
  const size = Buffer.byteLength(json);
  if (size > bytes.max) return atMost(bytes, 'bytes as JSON', size);
  // JSON.stringify escapes NUL and lone surrogates, so that `json` does not show them: the strings themselves are checked.
  const leaf = isText ? findLeaf(value, (held) => typeof held === 'string' && !isStorable(held)) : undefined;
  if (leaf !== undefined)
    return { expected: `${STORABLE} in every string and key`, got: 'one', flaw: unstorable(leaf as string) };
  // JSON.parse reads 1e999 as Infinity, which JSON.stringify would write as null.
  if (findLeaf(value, (held) => typeof held === 'number' && !Number.isFinite(held)) !== undefined)
    return { expected: 'every number within the range of a 64-bit float', got: 'a larger one' };
  return null;
}

type MetadataLimits = Pick<Limits, 'metadataBytes' | 'metadataDepth'>;

/** Why an object cannot be stored as metadata; null if it can. */
export function metadataFault(metadata: JsonObject, limits: MetadataLimits): Fault | null {
  return jsonFault(metadata, bound(limits, 'metadataBytes'), bound(limits, 'metadataDepth'), true);
}

/** The first key or scalar in `value`, at any depth, for which `test` is true. */
function findLeaf(value: JsonValue, test: (leaf: JsonValue) => boolean): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return test(value) ? value : undefined;
  if (Array.isArray(value)) return firstOf(value, (held) => findLeaf(held, test));
  return firstOf(Object.entries(value), ([key, held]) => (test(key) ? key : findLeaf(held, test)));
}

/** The first result of `find` that is not undefined. */
function firstOf<Item, Result>(items: readonly Item[], find: (item: Item) => Result | undefined) {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
