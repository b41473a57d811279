import { checkInput } from '../../model/input.ts';
import type { Archived } from '../../repository/repository.ts';
import { builder } from '../builder.ts';
import { appear } from '../context.ts';
import { ConflictError, InvalidInputError, SessionNotFoundError, StorageError } from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const ArchiveSessionInput = builder.inputType('ArchiveSessionInput', {
  description: 'What to archive, or to bring back.',
  fields: (t) => ({
    id: t.id({ description: 'The session.', required: true }),
    subtree: t.boolean({
      description: 'Whether all beneath it goes with it. Nothing above it ever does.',
      defaultValue: true,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const ArchiveSessionPayload = builder.objectRef<Archived>('ArchiveSessionPayload').implement({
  description: 'The sessions are archived, or no longer are.',
  fields: (t) => ({
    session: t.field({
      description: 'The session that was named, as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    archivedIds: t.idList({
      description:
        'What changed: the sessions that were archived, or brought back, in pre-order. Those that were so before are left out.',
      resolve: ({ changedIds }) => [...changedIds],
    }),
  }),
});

const ArchiveSessionResult = builder.unionType('ArchiveSessionResult', {
  description: 'What `archiveSession` and `unarchiveSession` answer.',
  types: [ArchiveSessionPayload, SessionNotFoundError, InvalidInputError, ConflictError, StorageError],
  resolveType: memberOf('ArchiveSessionPayload'),
});

function archival(name: 'archiveSession' | 'unarchiveSession', archived: boolean, description: string): void {
  builder.mutationField(name, (t) =>
    t.field({
      description,
      type: ArchiveSessionResult,
      args: { input: t.arg({ description: 'Which session.', type: ArchiveSessionInput, required: true }) },
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
  'Hides a session from `sessions` (unless the filter asks for it). It stays reachable by its id and in its tree, and takes no ' +
    'messages and no new children.',
);
archival('unarchiveSession', false, 'Brings an archived session back.');
