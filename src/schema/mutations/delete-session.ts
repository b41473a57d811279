import { checkInput } from '../../model/input.ts';
import type { DeleteMode as DeleteModeModel } from '../../model/session.ts';
import type { Deleted } from '../../repository/repository.ts';
import { builder } from '../builder.ts';
import {
  ConflictError,
  InvalidInputError,
  SessionHasChildrenError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const DeleteMode = builder.enumType('DeleteMode', {
  description: 'What becomes of the children of a session that is deleted.',
  values: {
    RESTRICT: { description: 'A session that has children is not deleted.' },
    CASCADE: { description: 'All that is beneath it is deleted with it.' },
    REPARENT: {
      description:
        'Its children go to its parent, behind those that are there; those of a root become roots.',
    },
  } satisfies Record<DeleteModeModel, { description: string }>,
});

const DeleteSessionInput = builder.inputType('DeleteSessionInput', {
  description: 'What to delete.',
  fields: (t) => ({
    id: t.id({ description: 'The session to delete.', required: true }),
    mode: t.field({
      description: 'What becomes of its children.',
      type: DeleteMode,
      defaultValue: 'RESTRICT',
    }),
    dryRun: t.boolean({ description: 'Whether only to say what would be deleted.', defaultValue: false }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const DeleteSessionPayload = builder.objectRef<Deleted>('DeleteSessionPayload').implement({
  description: 'The sessions were deleted, or would be. An id that was deleted stays taken.',
  fields: (t) => ({
    deletedIds: t.exposeIDList('deletedIds', {
      description:
        'What was deleted, or would be: the session, and with CASCADE all beneath it, in pre-order.',
    }),
    reparentedIds: t.exposeIDList('reparentedIds', {
      description: 'Children that went to its parent, or would, in their order: only with REPARENT.',
    }),
  }),
});

const DeleteSessionResult = builder.unionType('DeleteSessionResult', {
  description: 'What `deleteSession` answers.',
  types: [
    DeleteSessionPayload,
    SessionNotFoundError,
    SessionHasChildrenError,
    InvalidInputError,
    ConflictError,
    StorageError,
  ],
  resolveType: memberOf('DeleteSessionPayload'),
});

builder.mutationField('deleteSession', (t) =>
  t.field({
    description:
      'Deletes a session, and with CASCADE all that is beneath it: all or none. With REPARENT its children stay.',
    type: DeleteSessionResult,
    args: { input: t.arg({ description: 'What to delete.', type: DeleteSessionInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(context, () => {
        // Null is left out: neither has a meaning of its own for it.
        const given = { ...input, mode: input.mode ?? 'RESTRICT', dryRun: input.dryRun ?? false };
        const { operationId, ...remove } = checkInput(context.rules.delete, given);
        return context.repository.delete(remove, operation(operationId, 'deleteSession', remove));
      }),
  }),
);
