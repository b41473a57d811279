import { checkInput } from '../../model/input.ts';
import type { Archived } from '../../repository/mutations.ts';
import { argumentRules } from '../argument-rules.ts';
import { builder, type InputFields, type PayloadFields } from '../builder.ts';
import { appear, type SchemaContext } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { changedSessions, checkFirst, firstArgument } from './changed-sessions.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

function inputFields(t: InputFields) {
  return {
    sessionId: t.id({ description: 'The session.', required: true }),
    subtree: t.boolean({
      description: 'True: the descendants too. Ancestors are never changed.',
      defaultValue: true,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  };
}

const ArchiveSessionInput = builder.inputType('ArchiveSessionInput', {
  description: 'The session to archive.',
  fields: (t) => ({
    ...inputFields(t),
    archivedAt: t.field({
      description:
        'Since when the sessions are archived. A session that was archived before keeps its time. Default: now.',
      type: 'DateTime',
    }),
  }),
});

const UnarchiveSessionInput = builder.inputType('UnarchiveSessionInput', {
  description: 'The session to unarchive.',
  fields: inputFields,
});

const IDS =
  'The ids of the sessions that changed, in pre-order. Sessions that were in this state before are left out.';

const sessionField = (t: PayloadFields<Archived>) =>
  t.field({
    description: 'The session of the input, after the mutation; in the answer to a retry, as it is now.',
    type: Session,
    resolve: ({ session }, _args, context) => appear(context, session),
  });

/** The sessions whose ids are in the field `ids`. */
const sessionsField = (t: PayloadFields<Archived>, ids: string) =>
  t.field({
    description: `The sessions of \`${ids}\`, as they are now. They are read only if this field is selected.`,
    type: [Session],
    args: firstArgument(),
    extensions: argumentRules(checkFirst),
    resolve: ({ changedIds }, { first }, context) => changedSessions(context, changedIds, first),
  });

const ArchiveSessionPayload = builder.objectRef<Archived>('ArchiveSessionPayload').implement({
  description: 'The sessions were archived.',
  fields: (t) => ({
    session: sessionField(t),
    archivedIds: t.idList({ description: IDS, resolve: ({ changedIds }) => [...changedIds] }),
    archived: sessionsField(t, 'archivedIds'),
  }),
});

const UnarchiveSessionPayload = builder.objectRef<Archived>('UnarchiveSessionPayload').implement({
  description: 'The sessions were unarchived.',
  fields: (t) => ({
    session: sessionField(t),
    unarchivedIds: t.idList({ description: IDS, resolve: ({ changedIds }) => [...changedIds] }),
    unarchived: sessionsField(t, 'unarchivedIds'),
  }),
});

const ERRORS = [
  SessionNotFoundError,
  InvalidInputError,
  ConflictError,
  StorageError,
  ForbiddenError,
] as const;

const ArchiveSessionResult = builder.unionType('ArchiveSessionResult', {
  description: 'The answer of `archiveSession`: the payload, or a typed error.',
  types: [ArchiveSessionPayload, ...ERRORS],
  resolveType: memberOf('ArchiveSessionPayload'),
});

const UnarchiveSessionResult = builder.unionType('UnarchiveSessionResult', {
  description: 'The answer of `unarchiveSession`: the payload, or a typed error.',
  types: [UnarchiveSessionPayload, ...ERRORS],
  resolveType: memberOf('UnarchiveSessionPayload'),
});

function archive(
  context: SchemaContext,
  name: 'archiveSession' | 'unarchiveSession',
  input: typeof ArchiveSessionInput.$inferInput,
) {
  return answer(context, () => {
    const given = { ...input, subtree: input.subtree ?? true };
    const { operationId, ...checked } = checkInput(context.rules.archive, given);
    const archived = name === 'archiveSession';
    return context.repository.archive({ ...checked, archived }, operation(operationId, name, checked));
  });
}

builder.mutationField('archiveSession', (t) =>
  t.field({
    description:
      'Archives a session: `sessions` leaves it out, unless the filter includes archived sessions. An archived session can be read by ' +
      'its id and in its tree. `sendMessage`, `appendMessages`, `writeHistory`, `streamMessage`, `truncateHistory` and `spawnSession` ' +
      'are refused; sessions may still be forked or moved under it.',
    type: ArchiveSessionResult,
    args: { input: t.arg({ description: 'The session.', type: ArchiveSessionInput, required: true }) },
    resolve: (_root, { input }, context) => archive(context, 'archiveSession', input),
  }),
);

builder.mutationField('unarchiveSession', (t) =>
  t.field({
    description: 'Unarchives a session.',
    type: UnarchiveSessionResult,
    args: { input: t.arg({ description: 'The session.', type: UnarchiveSessionInput, required: true }) },
    resolve: (_root, { input }, context) => archive(context, 'unarchiveSession', input),
  }),
);
