import type * as model from '../model/errors.ts';
import { builder } from './builder.ts';

/** What a mutation can answer instead of its payload. Each type bears the name of its class in model/errors.ts. */
const ErrorInterface = builder.interfaceRef<model.ClientError>('Error').implement({
  description:
    'Why a mutation did nothing: what the client asked for cannot be, or the disk did not let it. Never a bug.',
  fields: (t) => ({
    message: t.exposeString('message', {
      description: 'What was expected, what came, and what to do: for people, not for programs.',
    }),
  }),
});

export const SessionNotFoundError = builder
  .objectRef<model.SessionNotFoundError>('SessionNotFoundError')
  .implement({
    description: 'There is no session with this id.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', { description: 'The id that was asked for.' }),
    }),
  });

export const SessionExistsError = builder
  .objectRef<model.SessionExistsError>('SessionExistsError')
  .implement({
    description: 'The id is taken. A deleted session keeps its id.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', { description: 'The id that was asked for.' }),
    }),
  });

export const SessionHasChildrenError = builder
  .objectRef<model.SessionHasChildrenError>('SessionHasChildrenError')
  .implement({
    description: 'It was to be deleted only without children, and has some.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', { description: 'The session that has children.' }),
      childCount: t.exposeInt('childCount', { description: 'How many.' }),
    }),
  });

export const SessionArchivedError = builder
  .objectRef<model.ClientError & { readonly sessionId: string }>('SessionArchivedError')
  .implement({
    description: 'The session is archived: it can be read and takes nothing new.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', { description: 'The session that is archived.' }),
    }),
  });

export const StorageError = builder.objectRef<model.StorageError>('StorageError').implement({
  description: 'What the disk did: it is full, say. Nothing was changed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    retryable: t.exposeBoolean('retryable', { description: 'Whether trying again can help.' }),
  }),
});

const InputIssue = builder.objectRef<model.InputIssue>('InputIssue').implement({
  description: 'One fault in an input.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'Where it is, from the argument down: `["input", "messages", "0", "content"]`.',
    }),
    message: t.exposeString('message', { description: 'What was expected, and what came.' }),
  }),
});

export const InvalidInputError = builder.objectRef<model.InvalidInputError>('InvalidInputError').implement({
  description: 'The input breaks a rule. Each fault is listed.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.expose('issues', { description: 'The faults, at least one.', type: [InputIssue] }),
  }),
});

const ConflictReason = builder.enumType('ConflictReason', {
  description: 'What stands against a mutation.',
  values: {
    VERSION: { description: 'The session is not at `expectedVersion`: someone else changed it.' },
    OPERATION: { description: 'The `operationId` was used before, with other input or by another mutation.' },
  },
});

export const ConflictError = builder.objectRef<model.ConflictError>('ConflictError').implement({
  description: 'Another mutation stands against this one.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    reason: t.expose('reason', { description: 'What stands against it.', type: ConflictReason }),
    expectedVersion: t.exposeInt('expectedVersion', {
      description: 'The version that was expected; null where it is not about versions.',
      nullable: true,
    }),
    actualVersion: t.exposeInt('actualVersion', {
      description: 'The version that the session is at; null where it is not about versions.',
      nullable: true,
    }),
  }),
});
