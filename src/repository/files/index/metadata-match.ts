import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts';
import type { Steps } from './steps.ts';

/** Comparisons of one element with another that count as one row. */
const COMPARISONS_PER_ROW = 256;

/** A metadata filter. Compares as `jsonContains`, in steps: an array can have many elements to compare with many others. */
export class MetadataMatch {
  readonly #part: JsonValue;
  #comparisons = 0;

  constructor(filter: JsonObject) {
    this.#part = withoutRepetitions(filter);
  }

  /** True if `metadata`, which is JSON, contains the filter. */
  isIn(metadata: string): Steps<boolean> {
    return this.#contains(JSON.parse(metadata) as JsonValue, this.#part);
  }

  *#contains(value: JsonValue, part: JsonValue): Steps<boolean> {
    if (Array.isArray(part)) return Array.isArray(value) && (yield* this.#containsAll(value, part));
    if (!isJsonObject(part)) return value === part;
    if (!isJsonObject(value)) return false;
    for (const [key, wanted] of Object.entries(part)) {
      if (!Object.hasOwn(value, key)) return false;
      const held = value[key]!;
      // Most filters have scalars only, which need no steps.
      if (isScalar(wanted) ? held !== wanted : !(yield* this.#contains(held, wanted))) return false;
    }
    return true;
  }

  *#containsAll(value: readonly JsonValue[], part: readonly JsonValue[]): Steps<boolean> {
    const scalars = new Set(value.filter(isScalar));
    if (!part.every((wanted) => !isScalar(wanted) || scalars.has(wanted))) return false;
    const containers = value.filter((present) => !isScalar(present));
    for (const wanted of part) {
      if (!isScalar(wanted) && !(yield* this.#isInAny(containers, wanted))) return false;
    }
    return true;
  }

  *#isInAny(containers: readonly JsonValue[], wanted: JsonValue): Steps<boolean> {
    const isArray = Array.isArray(wanted);
    for (const present of containers) {
      this.#comparisons += 1;
      if (this.#comparisons % COMPARISONS_PER_ROW === 0) yield 1;
      // Only a container of the same kind needs steps of its own.
      if (Array.isArray(present) === isArray && (yield* this.#contains(present, wanted))) return true;
    }
    return false;
  }
}

/** The same filter, in which no array has two equal elements. */
function withoutRepetitions<Value extends JsonValue>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_key, held: JsonValue) =>
    Array.isArray(held) ? unique(held) : held,
  ) as Value;
}

function unique(elements: readonly JsonValue[]): JsonValue[] {
  return [...new Map(elements.map((element) => [JSON.stringify(element), element])).values()];
}

function isScalar(value: JsonValue): boolean {
  return typeof value !== 'object' || value === null;
}
