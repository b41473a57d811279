import type { FieldNode } from 'graphql';
import { compileLiteral } from '../compile-literal.ts';
import {
  type Arguments,
  type Data,
  GaveUp,
  ignoreRejection,
  isPromise,
  located,
  type Path,
  type Run,
} from './run.ts';

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
  readonly isPlain: boolean;
}

type Create = (source: unknown, run: Run) => Data;

/**
 * The fields that are selected of an object. Once it has filled in as many objects as `compileAfter` says, those that are read off the
 * source are written as one literal, compiled.
 */
export class Selection {
  readonly #fields: readonly FieldPlan[];
  readonly #compileAfter: number;
  /** Objects so far. */
  #filled = 0;
  #create: Create = () => ({});
  /** What `#create` leaves to be filled in. */
  #remaining: readonly FieldPlan[];

  constructor(fields: readonly FieldPlan[], compileAfter: number) {
    this.#fields = fields;
    this.#compileAfter = compileAfter;
    this.#remaining = fields;
  }

  /** An object of the answer, with what its fields have at once; what comes later takes its place among them. */
  fill(source: unknown, run: Run, path: Path | null): Data {
    if (source instanceof Error) throw new GaveUp();
    this.#filled += 1;
    if (this.#filled === this.#compileAfter) this.#compile();
    const target = this.#create(source, run);
    for (const field of this.#remaining) fillField(target, field, source, run, path);
    return target;
  }

  #compile(): void {
    if (!this.#fields.some(({ isPlain }) => isPlain)) return;
    const create = compile(this.#fields);
    if (!create) return;
    this.#create = create;
    this.#remaining = this.#fields.filter(({ isPlain, typeName }) => !isPlain && typeName === null);
  }
}

/** Makes the objects of a selection, in which what remains to be filled in is null, in its place. Null where that cannot be. */
function compile(fields: readonly FieldPlan[]): Create | null {
  const bound: Record<string, unknown> = {};
  const members = fields.map(({ key, typeName, isPlain, property, complete }, n) => {
    if (typeName !== null) return [key, JSON.stringify(typeName)] as const;
    if (!isPlain) return [key, 'null'] as const;
    bound[`complete${n}`] = completeAtOnce(complete);
    return [key, `complete${n}(source[${JSON.stringify(property)}], run)`] as const;
  });
  const create = compileLiteral<Create>({ members, parameters: ['source', 'run'], bound });
  return (
    create &&
    ((source, run) => {
      if (typeof source !== 'object') throw new GaveUp();
      return create(source, run);
    })
  );
}

/** What comes later is left to the book: it has no place in a literal. */
function completeAtOnce(complete: Complete): (value: unknown, run: Run) => unknown {
  return (value, run) => {
    if (isPromise(value)) ignoreRejection(value);
    if (typeof value === 'function' || isPromise(value)) throw new GaveUp();
    return complete(value, run, null);
  };
}

function fillField(target: Data, field: FieldPlan, source: unknown, run: Run, above: Path | null): void {
  const { key } = field;
  const path = field.isLeaf ? above : { key, above };
  try {
    const value = field.resolve
      ? field.resolve(source, field.fixedArguments ?? field.argumentsIn(run), run.context)
      : propertyOf(source, field.property);
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

/** What a field without a resolver shows. Methods and what is no object are left to the book. */
function propertyOf(source: unknown, name: string): unknown {
  if (typeof source !== 'object') throw new GaveUp();
  const value = (source as Data)[name];
  if (typeof value === 'function') throw new GaveUp();
  return value;
}
