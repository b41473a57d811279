import { defaultFieldResolver, getNullableType, isLeafType } from 'graphql';
import { compileLiteral } from '../compile-literal.ts';
import { isPlainField } from '../schema/plain-field.ts';
import { PlannedInfo } from './planned-info.ts';
import {
  type Complete,
  type Data,
  ignoreRejections,
  isPromise,
  Place,
  type Run,
  type SelectedField,
  type Slot,
} from './run.ts';

/** Quotes, colon, comma and quotes of the value. Numbers have more digits than that at times, and are few or short. */
const UNITS_BESIDE_KEY = 6;

type Create = (source: unknown, run: Run) => Data;

/**
 * The fields that are selected of an object type. With its `compileAfter`th object, the plain leaf fields are compiled into one object
 * literal.
 */
export class Selection {
  /** One per field, in order. */
  readonly #slots: readonly Slot[];
  readonly #compileAfter: number;
  /** UTF-16 units of an object in the answer, without those of its strings and below it. */
  readonly #units: number;
  /** The number of objects filled in so far. */
  #filled = 0;
  #create: Create | null = null;
  /** The fields that `#create` leaves null. */
  #remaining: readonly Slot[] = [];

  constructor(slots: readonly Slot[], compileAfter: number) {
    this.#slots = slots;
    this.#compileAfter = compileAfter;
    this.#units = slots.reduce((sum, { field }) => sum + field.key.length + UNITS_BESIDE_KEY, 2);
  }

  /** Creates an object of the answer. Values that resolve later are put into it. Throws if a non-null place of it is null. */
  fill(source: unknown, run: Run, above: Place | null): Data {
    this.#filled += 1;
    run.charge(this.#units);
    if (this.#filled === this.#compileAfter) this.#compile();
    const created = this.#create && createAtOnce(this.#create, source, run);
    const data = created ?? {};
    for (const slot of created ? this.#remaining : this.#slots) {
      const place = new Place(slot, data, slot.field.key, above);
      let value: unknown;
      try {
        value = resolve(slot.field, source, run, place);
      } catch (error) {
        run.fail(error, place);
        continue;
      }
      run.put(value, place);
    }
    return data;
  }

  /** As `fill`, if all fields are compiled. Undefined if `fill` has to do it: for other fields, and to report an error. */
  createWithoutPlace(source: unknown, run: Run): Data | undefined {
    if (!this.#create || this.#remaining.length > 0) return undefined;
    if (typeof source !== 'object' || source === null || source instanceof Error || isPromise(source))
      return undefined;
    const created = createAtOnce(this.#create, source, run);
    if (!created) return undefined;
    run.charge(this.#units);
    return created;
  }

  #compile(): void {
    if (!this.#slots.some(({ field }) => isPlain(field))) return;
    this.#create = compile(this.#slots);
    this.#remaining = this.#slots.filter(({ field }) => !isPlain(field) && !isTypeName(field));
  }
}

function resolve(field: SelectedField, source: unknown, run: Run, place: Place): unknown {
  const { name, resolve } = field.definition;
  if (!resolve && typeof source === 'object' && source !== null) {
    const value = (source as Data)[name];
    if (typeof value !== 'function') return value;
  }
  return (resolve ?? defaultFieldResolver)(
    source,
    run.argumentsOf(field),
    run.context,
    new PlannedInfo(place, run),
  );
}

/** True for a leaf that is read from a property of the source. */
const isPlain = ({ definition, nodes }: SelectedField) =>
  isPlainField(definition, nodes) && isLeafType(getNullableType(definition.type));

const isTypeName = ({ definition }: SelectedField) => definition.name === '__typename';

/** Returns null if a value is invalid, a method or a promise: the fields are then filled in one by one. */
function createAtOnce(create: Create, source: unknown, run: Run): Data | null {
  if (typeof source !== 'object') return null;
  try {
    return create(source, run);
  } catch {
    return null;
  }
}

/** Compiles a function that creates the objects of a selection. Returns null if code from strings is not allowed. */
function compile(slots: readonly Slot[]): Create | null {
  const bound: Record<string, unknown> = {};
  const members = slots.map(({ field, complete }, n) => {
    if (isTypeName(field)) return [field.key, JSON.stringify(field.parentType.name)] as const;
    if (!isPlain(field)) return [field.key, 'null'] as const;
    bound[`complete${n}`] = completeAtOnce(complete);
    return [field.key, `complete${n}(source[${JSON.stringify(field.definition.name)}], run)`] as const;
  });
  return compileLiteral<Create>({ members, parameters: ['source', 'run'], bound });
}

function completeAtOnce(complete: Complete): (value: unknown, run: Run) => unknown {
  return (value, run) => {
    if (typeof value !== 'function' && !isPromise(value)) return complete(value, run, NO_PLACE);
    ignoreRejections([value]);
    throw new Error('Expected a value to complete at once, got a method or a promise.');
  };
}

/** Completing a leaf needs no place. */
const NO_PLACE = undefined as never;
