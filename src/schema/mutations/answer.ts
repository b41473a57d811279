import { ClientError } from '../../model/errors.ts';
import { type Operation, operationOf } from '../../model/operation.ts';
import { forget, type SchemaContext } from '../context.ts';

/** The type of an error in a result union: the name of its class. */
const MEMBER = Symbol('member');

/**
 * What a mutation answers: the payload that `write` gives, or what a client caused. Anything else that is thrown is a
 * fault of the server's. What was loaded before is stale afterwards, so it goes on with new loaders, which nothing uses
 * until `write` has written: the mutations of a request run one after the other.
 */
export async function answer<Payload>(
  context: SchemaContext,
  write: () => Promise<Payload>,
): Promise<Payload> {
  forget(context);
  try {
    return await context.outcomes.once(write);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    // Its properties, for the executor throws what is an Error. `never`: the union says which errors are its members.
    return { ...error, message: error.message, [MEMBER]: error.name } as never;
  }
}

/** Tells the members of a result union apart: what is not one of its errors is its payload. */
export function memberOf(payload: string): (value: object) => string {
  return (value) => (MEMBER in value ? String(value[MEMBER]) : payload);
}

/** The operation that makes `mutation` with this input safe to retry; none where the client gave no id for it. */
export function operation(
  id: string | null | undefined,
  mutation: string,
  input: object,
): Operation | undefined {
  return id == null ? undefined : operationOf(id, mutation, input);
}
