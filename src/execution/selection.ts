import type { FieldNode } from 'graphql';
import { type Arguments, type Data, GaveUp, isPromise, located, type Path, type Run } from './run.ts';

/** What a value that a resolver gave becomes in the answer. Throws where that takes an error to say. */
export type Complete = (value: unknown, run: Run, path: Path | null) => unknown;

/** A field of a selection, ready to be filled in. */
export interface FieldPlan {
  /** Its name in the answer. */
  readonly key: string;
  /** Where it stands in the document. */
  readonly nodes: readonly FieldNode[];
  /** Has it no selection of its own? */
  readonly isLeaf: boolean;
  /** Of `__typename`, what it shows; null for all other fields. */
  readonly typeName: string | null;
  /** Its name in the source, where it has no resolver. */
  readonly property: string;
  readonly resolve: ((source: unknown, args: Arguments, context: unknown) => unknown) | null;
  /** Where its arguments depend on no variable, what they are. */
  readonly fixedArguments: Arguments | null;
  readonly argumentsIn: (run: Run) => Arguments;
  readonly complete: Complete;
  /** Is its value a leaf that is read off the source? */
  readonly isOwn: boolean;
}

/**
 * The fields that are selected of an object. After `compileAfter` objects, those that are read off the source are written as one
 * object literal, compiled: to set a key that the compiler knows takes a fifth of the time of one that it does not. To compile it
 * takes as long as to fill in two hundred objects: what is asked once does not come to that.
 */
export class Selection {
  readonly #fields: readonly FieldPlan[];
  readonly #compileAfter: number;
  #filled = 0;
  #create: (source: unknown, run: Run) => Data = () => ({});
  /** What `#create` leaves to be filled in. */
  #left: readonly FieldPlan[];

  constructor(fields: readonly FieldPlan[], compileAfter: number) {
    this.#fields = fields;
    this.#compileAfter = compileAfter;
    this.#left = fields;
  }

  /** An object of the answer, with what its fields have at once; what comes later takes its place among them. */
  fill(source: unknown, run: Run, path: Path | null): Data {
    if (source instanceof Error) throw new GaveUp();
    if (this.#filled === this.#compileAfter) this.#compile();
    this.#filled += 1;
    const target = this.#create(source, run);
    for (const field of this.#left) fillField(target, field, source, run, path);
    return target;
  }

  #compile(): void {
    const left = this.#fields.filter(({ typeName, isOwn }) => typeName === null && !isOwn);
    if (left.length === this.#fields.length) return;
    this.#create = compile(this.#fields);
    this.#left = left;
  }
}

/** Makes the objects of a selection, in which what is left to be filled in is null, in its place. */
function compile(fields: readonly FieldPlan[]): (source: unknown, run: Run) => Data {
  // All that comes into the text is quoted, and names of a schema or a document, which are plain words.
  const members = fields.map(({ key, typeName, isOwn, property }, n) => {
    const own = isOwn ? `complete${n}(source[${JSON.stringify(property)}], run)` : null;
    return `${JSON.stringify(key)}: ${typeName === null ? own : JSON.stringify(typeName)}`;
  });
  const create = new Function(
    ...fields.map((_, n) => `complete${n}`),
    `return (source, run) => ({ ${members.join(', ')} });`,
  )(...fields.map(completeAtOnce)) as (source: unknown, run: Run) => Data;
  if (!fields.some(({ isOwn }) => isOwn)) return create;
  return (source, run) => {
    if (typeof source !== 'object') throw new GaveUp();
    return create(source, run);
  };
}

/** What comes later is left to the book: it has no place in a literal. */
function completeAtOnce({ complete }: FieldPlan): (value: unknown, run: Run) => unknown {
  return (value, run) => {
    if (typeof value === 'function' || isPromise(value)) throw new GaveUp();
    return complete(value, run, null);
  };
}

function fillField(target: Data, field: FieldPlan, source: unknown, run: Run, above: Path | null): void {
  const { key } = field;
  const path = field.isLeaf ? above : { key, above };
  try {
    const value = resolved(field, source, run);
    if (isPromise(value)) {
      target[key] = null;
      run.wait(
        value,
        (settled) => {
          target[key] = field.complete(settled, run, path);
        },
        (error) => located(error, field.nodes, { key, above }),
      );
    } else {
      target[key] = field.complete(value, run, path);
    }
  } catch (error) {
    throw located(error, field.nodes, { key, above });
  }
}

function resolved(field: FieldPlan, source: unknown, run: Run): unknown {
  const { typeName, property, resolve } = field;
  if (typeName !== null) return typeName;
  if (resolve === null) return propertyOf(source, property);
  return resolve(source, field.fixedArguments ?? field.argumentsIn(run), run.context);
}

/** What a field without a resolver shows. Methods and what is no object are left to the book. */
function propertyOf(source: unknown, name: string): unknown {
  if (typeof source !== 'object') throw new GaveUp();
  const value = (source as Data)[name];
  if (typeof value === 'function') throw new GaveUp();
  return value;
}
