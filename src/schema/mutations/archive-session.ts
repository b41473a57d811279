import { checkInput } from '../../model/input.ts';
import type { Archived } from '../../repository/repository.ts';
import { builder } from '../builder.ts';
import { appear } from '../context.ts';
import { ConflictError, InvalidInputError, SessionNotFoundError, StorageError } from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const ArchiveSessionInput = builder.inputType('ArchiveSessionInput', {
  description: 'The session to archive or to unarchive.',
  fields: (t) => ({
    id: t.id({ description: 'The session.', required: true }),
    subtree: t.boolean({
      description: 'True: the descendants too. Ancestors are never changed.',
      defaultValue: true,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const ArchiveSessionPayload = builder.objectRef<Archived>('ArchiveSessionPayload').implement({
  description: 'The sessions were archived or unarchived.',
  fields: (t) => ({
    session: t.field({
      description: 'The session of the input, after the mutation.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    archivedIds: t.idList({
      description:
        'The ids of the sessions that changed, in pre-order. Sessions that were in this state before are left out.',
      resolve: ({ changedIds }) => [...changedIds],
    }),
  }),
});

const ArchiveSessionResult = builder.unionType('ArchiveSessionResult', {
  description: 'The answer of `archiveSession` and `unarchiveSession`: the payload, or a typed error.',
  types: [ArchiveSessionPayload, SessionNotFoundError, InvalidInputError, ConflictError, StorageError],
  resolveType: memberOf('ArchiveSessionPayload'),
});

function archival(name: 'archiveSession' | 'unarchiveSession', archived: boolean, description: string): void {
  builder.mutationField(name, (t) =>
    t.field({
      description,
      type: ArchiveSessionResult,
      args: { input: t.arg({ description: 'The session.', type: ArchiveSessionInput, required: true }) },
      resolve: (_root, { input }, context) =>
        answer(context, () => {
          const given = { ...input, subtree: input.subtree ?? true };
          const { operationId, ...archive } = checkInput(context.rules.archive, given);
          return context.repository.archive({ ...archive, archived }, operation(operationId, name, archive));
        }),
    }),
  );
}

archival(
  'archiveSession',
  true,
  'Archives a session: `sessions` leaves it out, unless the filter includes archived sessions. An archived session can be read by ' +
    'its id and in its tree. `sendMessage`, `appendMessages`, `truncateHistory` and `spawnSession` are refused; sessions may still ' +
    'be forked or moved under it.',
);
archival('unarchiveSession', false, 'Unarchives a session.');
