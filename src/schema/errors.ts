import type * as model from '../model/errors.ts';
import { builder } from './builder.ts';

/** What a mutation can answer instead of its payload. Each type bears the name of its class in model/errors.ts. */
const ErrorInterface = builder.interfaceRef<model.ClientError>('Error').implement({
  description:
    'The reason why a mutation was refused: a fault of the request, a conflict, or a failure of the disk. Never a bug of the server.',
  fields: (t) => ({
    message: t.exposeString('message', {
      description:
        'What was expected, what came, and what to do. For people: programs should use the type and the other fields.',
    }),
  }),
});

export const SessionNotFoundError = builder
  .objectRef<model.SessionNotFoundError>('SessionNotFoundError')
  .implement({
    description: 'There is no session with this id.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', {
        description: 'The id in the input; null if the input has a key.',
        nullable: true,
      }),
      key: t.exposeString('key', {
        description: 'The key in the input; null if the input has an id.',
        nullable: true,
      }),
    }),
  });

export const SessionExistsError = builder
  .objectRef<model.SessionExistsError>('SessionExistsError')
  .implement({
    description: 'The id is taken by a session, or by a deleted session; or the key by another session.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', {
        description: 'The id in the input; null if only the key is taken.',
        nullable: true,
      }),
      key: t.exposeString('key', {
        description: 'The key in the input; null if only the id is taken.',
        nullable: true,
      }),
    }),
  });

export const SessionHasChildrenError = builder
  .objectRef<model.SessionHasChildrenError>('SessionHasChildrenError')
  .implement({
    description: 'A session with children was not deleted, because of the mode RESTRICT.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', { description: 'The session that has children.', nullable: true }),
      childCount: t.exposeInt('childCount', { description: 'The number of children.' }),
    }),
  });

export const SessionArchivedError = builder
  .objectRef<model.ClientError & { readonly sessionId: string }>('SessionArchivedError')
  .implement({
    description:
      'The session is archived: it can be read, but accepts no messages, rollbacks or spawned children.',
    interfaces: [ErrorInterface],
    fields: (t) => ({
      sessionId: t.exposeID('sessionId', { description: 'The session that is archived.', nullable: true }),
    }),
  });

export const StorageError = builder.objectRef<model.StorageError>('StorageError').implement({
  description:
    'The disk failed, for example because it is full, or the database cannot be reached, or the server has no room for a draft. Nothing was ' +
    'changed, unless `isOutcomeUnknown`.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    isRetryable: t.exposeBoolean('isRetryable', { description: 'True if a retry can succeed.' }),
    isOutcomeUnknown: t.exposeBoolean('isOutcomeUnknown', {
      description:
        'True if the mutation may have taken effect all the same: send it again with the same `operationId`. With a store of files, ' +
        'only redactions and purges, which go on where they ended; with a database, a mutation whose connection was lost at its end.',
    }),
  }),
});

const InputIssue = builder.objectRef<model.InputIssue>('InputIssue').implement({
  description: 'A fault in an input.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description: 'The path to the fault, from the argument: `["input", "messages", "0", "content"]`.',
    }),
    message: t.exposeString('message', { description: 'What was expected, what came, and what to do.' }),
  }),
});

export const ForbiddenError = builder.objectRef<model.ForbiddenError>('ForbiddenError').implement({
  description:
    'The token does not give a right to this. What its holder may not even see is a `SessionNotFoundError` instead.',
  interfaces: [ErrorInterface],
});

export const InvalidInputError = builder.objectRef<model.InvalidInputError>('InvalidInputError').implement({
  description: 'The input is invalid.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    issues: t.expose('issues', { description: 'All faults: at least one.', type: [InputIssue] }),
  }),
});

const ConflictReason = builder.enumType('ConflictReason', {
  description: 'The kind of a conflict.',
  values: {
    VERSION: { description: 'The session is not at `expectedVersion`: another mutation has changed it.' },
    OPERATION: {
      description: 'The `operationId` was used before, with other input or for another mutation.',
    },
    KEY: {
      description:
        'The key of a message is taken; or the key of a session that would come to another owner, who has a session with that key.',
    },
  },
});

export const ConflictError = builder.objectRef<model.ConflictError>('ConflictError').implement({
  description: 'The mutation conflicts with an earlier one.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    reason: t.expose('reason', { description: 'The kind of the conflict.', type: ConflictReason }),
    key: t.exposeString('key', {
      description: 'The key that is taken; null if the reason is not KEY.',
      nullable: true,
    }),
    expectedVersion: t.exposeInt('expectedVersion', {
      description: 'The version in the input; null if the reason is not VERSION.',
      nullable: true,
    }),
    actualVersion: t.exposeInt('actualVersion', {
      description: 'The version of the session; null if the reason is not VERSION.',
      nullable: true,
    }),
  }),
});
