import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  type GraphQLError,
  getArgumentValues,
  getOperationAST,
  locatedError,
  validateSubscriptionArgs,
} from 'graphql';
import { collectFields, isIncluded } from '../schema/collect-fields.ts';
import { contextOfEvent, type SchemaContext } from '../schema/context.ts';
import type { MaybePromise } from '../schema/maybe-promise.ts';
import { execute } from './execute.ts';
import { fragmentsOf } from './fragments.ts';
import { prepare } from './prepare.ts';

/** A subscription whose variables and arguments are valid. */
export interface Subscription {
  /** The field that it subscribes to. */
  readonly field: string;
  /** The name of that field in an answer: its alias, if it has one. */
  readonly responseKey: string;
  /** The coerced arguments of that field. */
  readonly fieldArguments: Readonly<Record<string, unknown>>;
  /** The answer for one event, which the resolver of the field gets as its parent. Each event needs a context of its own. */
  execute(event: unknown, contextValue: SchemaContext): MaybePromise<ExecutionResult>;
}

/** Checks a validated subscription before anything is subscribed to. */
export function prepareSubscription(
  given: ExecutionArgs,
): (Subscription & { readonly errors?: undefined }) | { readonly errors: readonly GraphQLError[] } {
  const operation = getOperationAST(given.document, given.operationName);
  if (operation?.operation !== 'subscription')
    throw new Error(`Expected a subscription, got ${operation?.operation ?? 'no operation'}.`);
  const prepared = prepare(given, operation);
  if (prepared.errors) return prepared;
  const { variableValues } = prepared;
  const { schema, document } = given;
  const fields = new Map<string, FieldNode[]>();
  const parts = { schema, fragments: fragmentsOf(document) };
  const type = schema.getSubscriptionType()!;
  const included = (node: Parameters<typeof isIncluded>[1]) => isIncluded(variableValues, node);
  collectFields(parts, included, type, operation.selectionSet, fields, new Set());
  // Validation admits exactly one field, which no directive leaves out.
  const [[responseKey, [node]]] = [...fields] as [[string, [FieldNode]]];
  const field = node.name.value;
  return {
    field,
    responseKey,
    fieldArguments: getArgumentValues(type.getFields()[field]!, node, variableValues),
    execute: (event, contextValue) => execute({ ...given, rootValue: event, contextValue }),
  };
}

/** An event of which a part can be taken, if the answer for all of it would exceed the budget of a request. */
interface Divisible {
  /** A part of the event, with which the source goes on; null if the event has no smaller part. */
  smaller(): Promise<object | null>;
}

/** The answer for an event, or for the part of the event that the budget of a request allows, and what was answered. */
export async function executeEvent<Event extends object>(
  subscription: Subscription,
  event: Event,
  contextOf: () => SchemaContext,
): Promise<{ readonly event: Event; readonly result: ExecutionResult }> {
  const result = await subscription.execute(event, contextOf());
  if (!isTooLarge(result) || !('smaller' in event)) return { event, result };
  const part = await (event as Divisible).smaller();
  return part === null ? { event, result } : executeEvent(subscription, part as Event, contextOf);
}

function isTooLarge({ errors }: ExecutionResult): boolean {
  return errors?.[0]?.extensions.code === 'BUDGET_EXCEEDED';
}

type Answers = AsyncIterableIterator<ExecutionResult, undefined, undefined>;

/** The answers of a subscription, each made when it is asked for; or the errors for which there are none. */
export async function subscribe(args: ExecutionArgs): Promise<Answers | ExecutionResult> {
  const subscription = prepareSubscription(args);
  if (subscription.errors) return { errors: subscription.errors };
  const validated = validateSubscriptionArgs(args);
  if (!('schema' in validated)) return { errors: validated };
  const events = await createSourceEventStream(validated);
  return Symbol.asyncIterator in events
    ? answersOf(subscription, events[Symbol.asyncIterator]() as AsyncIterator<object>, args)
    : events;
}

/**
 * Each answer has a context of its own. The stream ends after an answer without data: its client would miss that event if the stream
 * went on.
 */
function answersOf(
  subscription: Subscription,
  events: AsyncIterator<object>,
  { contextValue }: ExecutionArgs,
): Answers {
  const contextOf = () => contextOfEvent(contextValue as SchemaContext);
  let isOver = false;
  const end = async () => {
    isOver = true;
    await events.return?.();
    return { done: true, value: undefined } as const;
  };
  const next = async (): Promise<ExecutionResult | null> => {
    try {
      const { done, value } = await events.next();
      return done || isOver ? null : (await executeEvent(subscription, value, contextOf)).result;
    } catch (error) {
      return { errors: [locatedError(error, undefined, [subscription.responseKey])] };
    }
  };
  return {
    async next() {
      const result = isOver ? null : await next();
      if (result?.data == null) await end();
      return result ? { done: false, value: result } : { done: true, value: undefined };
    },
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
