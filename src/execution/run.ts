import { type FieldNode, type getVariableValues, locatedError } from 'graphql';
import { isBudgetExceeded } from '../schema/budget.ts';
import type { MaybePromise } from '../schema/maybe-promise.ts';
import type { FieldPlan, Selection } from './selection.ts';

type Variables = NonNullable<ReturnType<typeof getVariableValues>['variableValues']>;
/** Of a field, coerced. */
export type Arguments = Readonly<Record<string, unknown>>;

/** What would be an error in the answer. The operation is executed again by the book, which says how it is told. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp';
}

/** One execution of a plan. Values that come later are put where they belong, and nothing is made twice. */
export class Run {
  readonly context: unknown;
  readonly variables: Variables;
  readonly #arguments = new Map<FieldPlan, Arguments>();
  readonly #ended = Promise.withResolvers<void>();
  #waiting = 0;
  #failed = false;

  constructor(context: unknown, variables: Variables) {
    this.context = context;
    this.variables = variables;
    // Where something fails at once, nobody waits for the end, and what is rejected later must not end the process.
    this.#ended.promise.catch(() => {});
  }

  /** The answer's data. Throws, or rejects, where it would not be without errors. */
  start(selection: Selection): MaybePromise<Data> {
    try {
      const data = selection.fill(undefined, this, null);
      return this.#waiting === 0 ? data : this.#ended.promise.then(() => data);
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /** `place` puts what comes into the answer; `locate` says of an error where it belongs. */
  wait(
    value: PromiseLike<unknown>,
    place: (settled: unknown) => void,
    locate: (error: unknown) => unknown,
  ): void {
    this.#waiting += 1;
    value.then(
      (settled) => {
        // What comes too late belongs to an answer that nobody gets.
        if (this.#failed) return ignoreRejections(settled);
        try {
          place(settled);
        } catch (error) {
          this.#fail(locate(error));
          return;
        }
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#ended.resolve();
      },
      (error) => this.#fail(locate(error)),
    );
  }

  /** A field's arguments are the same wherever it stands in an answer. */
  argumentsOf(field: FieldPlan, compute: () => Arguments): Arguments {
    const args = this.#arguments.get(field) ?? compute();
    this.#arguments.set(field, args);
    return args;
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#ended.reject(error);
  }
}

/** An object of an answer. */
export type Data = Record<string, unknown>;

/** Where a value stands in the answer, from it upward; null at its top. */
export interface Path {
  readonly key: string | number;
  readonly above: Path | null;
}

/** The end of the budget is told without another execution, and so with its place; of other errors the book says it. */
export function located(error: unknown, nodes: readonly FieldNode[], path: Path): unknown {
  return isBudgetExceeded(error) ? locatedError(error, nodes, keysOf(path)) : error;
}

function keysOf(path: Path): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let part: Path | null = path; part; part = part.above) keys.unshift(part.key);
  return keys;
}

/** Of a list that nobody completes, somebody must take what is rejected. */
export function ignoreRejections(values: unknown): void {
  if (!Array.isArray(values)) return;
  for (const value of values) if (isPromise(value)) ignoreRejection(value);
}

export function ignoreRejection(value: PromiseLike<unknown>): void {
  value.then(undefined, () => {});
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
