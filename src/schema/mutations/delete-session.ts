import { checkInput } from '../../model/input.ts';
import type { DeleteMode as DeleteModeModel } from '../../model/session.ts';
import type { Deleted } from '../../repository/mutations.ts';
import { argumentRules } from '../argument-rules.ts';
import { builder } from '../builder.ts';
import { sessionOrNull } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionHasChildrenError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { endSessions } from '../live/drafts.ts';
import { Session } from '../session.ts';
import { answer, dryRun, memberOf, operation } from './answer.ts';
import { changedSessions, checkFirst, firstArgument } from './changed-sessions.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const DeleteMode = builder.enumType('DeleteMode', {
  description: 'What happens to the children of a deleted session.',
  values: {
    RESTRICT: {
      description: 'A session with children is not deleted: the answer is a SessionHasChildrenError.',
    },
    CASCADE: { description: 'All descendants are deleted too.' },
    REPARENT: {
      description:
        'The children move to the parent of the deleted session, after its other children. Children of a root become roots.',
    },
  } satisfies Record<DeleteModeModel, { description: string }>,
});

const DeleteSessionInput = builder.inputType('DeleteSessionInput', {
  description: 'The session to delete.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to delete.', required: true }),
    mode: t.field({
      description: 'What happens to the children.',
      type: DeleteMode,
      defaultValue: 'RESTRICT',
    }),
    dryRun: t.boolean({
      description: 'True: nothing is deleted, and the payload says what would be.',
      defaultValue: false,
    }),
    purge: t.boolean({
      description:
        'True: nothing of the deleted sessions stays on the disk, except their ids, those of their operations and of their owner: a late retry of one of these is a StorageError. Forks of them stay, with what they copied.',
      defaultValue: false,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

interface Payload extends Deleted {
  readonly isDryRun: boolean;
}

const DeleteSessionPayload = builder.objectRef<Payload>('DeleteSessionPayload').implement({
  description:
    'The sessions were deleted or, with `dryRun`, would be. The id of a deleted session is never free again.',
  fields: (t) => ({
    isDryRun: t.exposeBoolean('isDryRun', {
      description: 'True if nothing was deleted, because of `dryRun`.',
    }),
    deletedIds: t.exposeIDList('deletedIds', {
      description:
        'The ids of the deleted sessions, in pre-order: the session and, with CASCADE, its descendants.',
    }),
    reparentedIds: t.exposeIDList('reparentedIds', {
      description: 'With REPARENT, the ids of the children that moved, in order; otherwise empty.',
    }),
    reparented: t.field({
      description:
        'The sessions of `reparentedIds`, as they are now. They are read only if this field is selected.',
      type: [Session],
      args: firstArgument(),
      extensions: argumentRules(checkFirst),
      resolve: ({ reparentedIds }, { first }, context) => changedSessions(context, reparentedIds, first),
    }),
    parent: t.field({
      description:
        'The parent of the deleted session, as it is now; null if the session was a root, or if the parent was deleted since.',
      type: Session,
      nullable: true,
      resolve: ({ parentId }, _args, context) => sessionOrNull(context, parentId),
    }),
  }),
});

const DeleteSessionResult = builder.unionType('DeleteSessionResult', {
  description: 'The answer of `deleteSession`: the payload, or a typed error.',
  types: [
    DeleteSessionPayload,
    SessionNotFoundError,
    SessionHasChildrenError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('DeleteSessionPayload'),
});

builder.mutationField('deleteSession', (t) =>
  t.field({
    description:
      'Deletes a session and, with CASCADE, all its descendants: all or none. With REPARENT, the children stay.',
    type: DeleteSessionResult,
    args: {
      input: t.arg({ description: 'The session to delete.', type: DeleteSessionInput, required: true }),
    },
    resolve: (_root, { input }, context) => {
      const run = input.dryRun ? dryRun : answer;
      return run(context, async (options) => {
        // For both members, null means the default.
        const given = { ...input, mode: input.mode ?? 'RESTRICT', dryRun: input.dryRun ?? false };
        const { operationId, ...checked } = checkInput(context.rules.delete, given);
        const { dryRun: isDryRun, ...remove } = checked;
        if (isDryRun) return { ...(await context.repository.planDelete(remove, options)), isDryRun };
        // The fingerprint includes `dryRun`, as in earlier versions: so a retry after an upgrade is recognised.
        const made = operation(operationId, 'deleteSession', checked);
        const deleted = await context.repository.delete(remove, made);
        endSessions(context, deleted.deletedIds);
        return { ...deleted, isDryRun };
      });
    },
  }),
);
