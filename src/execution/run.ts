import {
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getArgumentValues,
  locatedError,
  responsePathAsArray,
} from 'graphql';
import type { Budget } from '../schema/budget.ts';
import type { SchemaContext } from '../schema/context.ts';
import type { MaybePromise } from '../schema/maybe-promise.ts';
import { endsRequest } from '../schema/request-error.ts';

/** An object of the answer. */
export type Data = Record<string, unknown>;

/** Completes a resolver's value for the answer. Throws if the value is invalid, or if a non-null place within it is null. */
export type Complete = (value: unknown, run: Run, place: Place) => unknown;

/** A field of a selection. It can stand in many places of the answer. */
export interface SelectedField {
  /** The response key. */
  readonly key: string;
  /** Its nodes in the document, which are merged. */
  readonly nodes: readonly FieldNode[];
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
}

/** What all places of a field's value, or of the items of its list, have in common. */
export interface Slot {
  readonly field: SelectedField;
  readonly isNullable: boolean;
  readonly complete: Complete;
  /** As `complete`, for a value that needs no place. Undefined for others, and if the value is invalid. */
  readonly completeWithoutPlace: (value: unknown, run: Run) => unknown;
}

/** A place in the answer: a field of an object, or an item of a list. */
export class Place {
  readonly slot: Slot;
  readonly #container: object;
  readonly #key: string | number;
  /** The place of the object or list that contains this place; null for the fields of the root. */
  readonly #above: Place | null;
  /** True if an error has put null here. */
  #isNulled = false;

  constructor(slot: Slot, container: object, key: string | number, above: Place | null) {
    this.slot = slot;
    this.#container = container;
    this.#key = key;
    this.#above = above;
  }

  put(value: unknown): void {
    (this.#container as Record<string | number, unknown>)[this.#key] = value;
  }

  /** Puts null here because of an error. */
  putNull(): void {
    this.put(null);
    this.#isNulled = true;
  }

  /** True if an error has put null here or above: the answer no longer contains what is put here. */
  get isDiscarded(): boolean {
    let place: Place | null = this;
    while (place && !place.#isNulled) place = place.#above;
    return place !== null;
  }

  /** The nearest place, from here upwards, that is nullable; null if there is none. */
  get nullable(): Place | null {
    let place: Place | null = this;
    while (place && !place.slot.isNullable) place = place.#above;
    return place;
  }

  /** The place of the field, if this is an item of its list. */
  get ofField(): Place {
    return typeof this.#key === 'number' ? this.#above!.ofField : this;
  }

  /** As in GraphQLResolveInfo. */
  get path(): GraphQLResolveInfo['path'] {
    const typename = typeof this.#key === 'number' ? undefined : this.slot.field.parentType.name;
    return { prev: this.#above?.path, key: this.#key, typename };
  }

  /** Adds this place to `error`, unless it has one. */
  locate(error: unknown): GraphQLError {
    return locatedError(error, this.slot.field.nodes, responsePathAsArray(this.path));
  }
}

/** The members of GraphQLResolveInfo that are the same for all fields. */
export type OperationInfo = Pick<
  GraphQLResolveInfo,
  'schema' | 'operation' | 'fragments' | 'variableValues' | 'rootValue'
>;

const NO_ARGUMENTS: Readonly<Data> = Object.freeze({});

/** One execution of a plan. A value that resolves later is put into its place in data that exists by then. */
export class Run {
  readonly operationInfo: OperationInfo;
  readonly context: unknown;
  readonly #budget: Budget;
  readonly #arguments = new Map<SelectedField, Readonly<Data>>();
  readonly #errors: GraphQLError[] = [];
  #data: Data | null = null;
  #pending = 0;
  #isEnded = false;
  #resolve: ((result: ExecutionResult) => void) | undefined;
  #abortController: AbortController | undefined;

  constructor(operationInfo: OperationInfo, { contextValue }: ExecutionArgs) {
    this.operationInfo = operationInfo;
    this.context = contextValue;
    this.#budget = (contextValue as SchemaContext).budget;
  }

  /** Charges the budget for UTF-16 units of the answer. */
  charge(units: number): void {
    this.#budget.chargeAnswer(units);
  }

  /** `fill` returns the data of the answer, in which some places may still be pending. */
  start(fill: () => Data): MaybePromise<ExecutionResult> {
    try {
      this.#data = fill();
    } catch (error) {
      return this.#fail(error as GraphQLError);
    }
    if (this.#pending === 0) return this.#end(this.#data, this.#errors);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Completes `value` and puts the result into `place`, now or when `value` resolves. Throws as `fail` does. */
  put(value: unknown, place: Place): void {
    try {
      if (isPromise(value)) this.#wait(value, place);
      else place.put(place.slot.complete(value, this, place));
    } catch (error) {
      this.fail(error, place);
    }
  }

  /**
   * If the answer no longer contains `place` when `value` settles, nothing below it is resolved, and an error is not reported. The
   * answer is nevertheless given only then: counting the pending places of each subtree would cost every execution.
   */
  #wait(value: PromiseLike<unknown>, place: Place): void {
    place.put(null);
    this.#pending += 1;
    Promise.resolve(value).then(
      (settled) => {
        if (this.#isDiscarded(place)) {
          if (Array.isArray(settled)) ignoreRejections(settled);
        } else {
          try {
            place.put(place.slot.complete(settled, this, place));
          } catch (error) {
            this.#failLater(error, place);
          }
        }
        this.#settle();
      },
      (error) => {
        if (!this.#isDiscarded(place)) this.#failLater(error, place);
        this.#settle();
      },
    );
  }

  /** Whether the answer is given, or no longer contains `place`. An execution without errors need not look at the places above. */
  #isDiscarded(place: Place): boolean {
    return this.#isEnded || (this.#errors.length > 0 && place.isDiscarded);
  }

  /** Puts null into `place` and records the error. Throws the error if `place` is not nullable: its parent becomes null. */
  fail(raw: unknown, place: Place): void {
    const error = place.locate(raw);
    if (!place.slot.isNullable || endsRequest(error)) throw error;
    this.#null(place, error);
  }

  /** As `fail`, once the parents of `place` are in the answer: throwing would no longer reach them. */
  #failLater(raw: unknown, place: Place): void {
    const error = place.locate(raw);
    const { nullable } = place;
    if (!nullable || endsRequest(error)) this.#fail(error);
    else this.#null(nullable, error);
  }

  /** Only the first error of a place is reported. Later ones come from below it, and are discarded before they get here. */
  #null(place: Place, error: GraphQLError): void {
    place.putNull();
    this.#errors.push(error);
  }

  #settle(): void {
    this.#pending -= 1;
    if (this.#pending === 0 && !this.#isEnded) this.#end(this.#data, this.#errors);
  }

  /** Ends without data. If the budget is spent, that is the only error, however many fields failed before. */
  #fail(error: GraphQLError): ExecutionResult {
    return this.#end(null, endsRequest(error) ? [error] : [...this.#errors, error]);
  }

  #end(data: Data | null, errors: readonly GraphQLError[]): ExecutionResult {
    this.#isEnded = true;
    this.#abortController?.abort();
    const result = errors.length > 0 ? { errors, data } : { data };
    this.#resolve?.(result);
    return result;
  }

  /** The coerced arguments of a field: the same in all places of the answer. */
  argumentsOf(field: SelectedField): Readonly<Data> {
    if (field.definition.args.length === 0) return NO_ARGUMENTS;
    let args = this.#arguments.get(field);
    if (!args) {
      args = getArgumentValues(field.definition, field.nodes[0]!, this.operationInfo.variableValues);
      this.#arguments.set(field, args);
    }
    return args;
  }

  /** The signal is aborted when the execution ends. */
  readonly getAbortSignal = (): AbortSignal => {
    this.#abortController ??= new AbortController();
    if (this.#isEnded) this.#abortController.abort();
    return this.#abortController.signal;
  };
}

/** An unhandled rejection would end the process. */
export function ignoreRejections(values: readonly unknown[]): void {
  for (const value of values) if (isPromise(value)) value.then(undefined, () => {});
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
