import { ClientError, StorageError } from '../../model/errors.ts';
import { type Operation, operationOfInput } from '../../model/operation.ts';
import type { ReadOptions } from '../../repository/read-options.ts';
import { forget, type SchemaContext } from '../context.ts';

/** The key of an error's type in a result union: the name of its class. */
const MEMBER = Symbol('member');

/**
 * Runs a mutation. Returns the payload of `write`, or the ClientError that it threw; throws any other error, for it is a fault of
 * the server, or the end of the request. `written` counts the bytes that it wrote; it is called only if another mutation follows.
 */
export function answer<Payload>(
  context: SchemaContext,
  write: (options: ReadOptions) => Promise<Payload>,
  written: () => number = NOTHING,
): Promise<Payload> {
  return payloadOrRefusal(context, () => context.budget.write(write, written));
}

/** As `answer`, for a mutation with `dryRun`: a read, which stops when the request is over. */
export function dryRun<Payload>(
  context: SchemaContext,
  plan: (options: ReadOptions) => Promise<Payload>,
): Promise<Payload> {
  return payloadOrRefusal(context, () => context.budget.read(plan));
}

const NOTHING = () => 0;

/**
 * Reads what the payload of a mutation needs beside the answer of the store. The mutation has taken effect by then: rejects with a StorageError
 * that says so, where the store cannot be read.
 */
export async function readForPayload<Found>(read: () => Promise<Found>): Promise<Found> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    const message =
      'The mutation has taken effect, and its answer could not be read. Send it again with the same operationId.';
    throw new StorageError(message, true, { cause, isOutcomeUnknown: true });
  }
}

/**
 * Objects loaded before are stale after a mutation, so the request continues with new loaders. They are not used before `run` has ended:
 * the mutations of a request run one after the other.
 */
async function payloadOrRefusal<Payload>(
  context: SchemaContext,
  run: () => Promise<Payload>,
): Promise<Payload> {
  forget(context);
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    // A plain object: a resolver that returns an Error fails. `never`: the union lists the errors that are its members.
    return { ...error, message: error.message, [MEMBER]: error.name } as never;
  }
}

/** The type of the typed error that a mutation answered with; null for a payload. */
export function errorTypeOf(answered: object): string | null {
  return MEMBER in answered ? String(answered[MEMBER]) : null;
}

/** The `resolveType` of a result union. A value without an error's type is the payload. */
export function memberOf(payload: string): (value: object) => string {
  return (value) => errorTypeOf(value) ?? payload;
}

/** The operation that makes `mutation` with this input safe to retry; undefined if the client sent no `operationId`. */
export function operation(
  id: string | null | undefined,
  mutation: string,
  input: object,
): Operation | undefined {
  return id == null ? undefined : operationOfInput(id, mutation, input);
}
