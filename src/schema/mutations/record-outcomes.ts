import { GraphQLError, type GraphQLFieldResolver, type GraphQLObjectType } from 'graphql';
import { StorageError } from '../../model/errors.ts';
import type { SchemaContext } from '../context.ts';
import type { MutationOutcome } from '../mutation-outcome.ts';
import { errorTypeOf } from './answer.ts';

interface Arguments {
  readonly input: {
    readonly sessionId?: string | null;
    readonly parentId?: string | null;
    readonly dryRun?: boolean | null;
  };
}

interface Payload {
  readonly session?: { readonly id: string };
  readonly isNew?: boolean;
}

type Resolver = GraphQLFieldResolver<unknown, SchemaContext, Arguments>;

/** Notes the outcome of each mutation in its context, whichever way the mutation came. To be called once, before anything is executed. */
export function recordOutcomes(mutations: GraphQLObjectType): void {
  for (const field of Object.values(mutations.getFields())) {
    const resolve = field.resolve as Resolver | undefined;
    if (resolve) field.resolve = recorded(field.name, resolve) as GraphQLFieldResolver<unknown, unknown>;
  }
}

function recorded(mutation: string, resolve: Resolver): Resolver {
  return async (root, args, context, info) => {
    const note = (result: string, isRefused: boolean, payload: Payload = {}) =>
      context.outcomes.push(outcomeOf(mutation, args, payload, result, isRefused));
    try {
      const payload = (await resolve(root, args, context, info)) as object;
      const refusal = errorTypeOf(payload);
      if (refusal === null) note('payload', false, payload);
      else note(refusal, true);
      return payload;
    } catch (error) {
      note(codeOf(error), false);
      throw error;
    }
  };
}

function outcomeOf(
  mutation: string,
  { input }: Arguments,
  { session, isNew }: Payload,
  result: string,
  isRefused: boolean,
): MutationOutcome {
  const named = input.sessionId ?? null;
  const id = session?.id ?? null;
  // A fork has no `isNew`: its payload shows another session than its input.
  const isCreated = isNew ?? (id !== null && named !== null && id !== named);
  return {
    mutation,
    at: Date.now(),
    sessionId: named ?? (isCreated ? null : id),
    parentId: input.parentId ?? null,
    createdId: isCreated ? id : null,
    isDryRun: input.dryRun ?? false,
    result,
    isRefused,
  };
}

/** The code with which the client gets the error. */
function codeOf(error: unknown): string {
  const code = error instanceof GraphQLError ? error.extensions.code : undefined;
  if (error instanceof StorageError) return 'STORE_UNAVAILABLE';
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}
