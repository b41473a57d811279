import { checkInput } from '../../model/input.ts';
import type { Truncated } from '../../repository/mutations.ts';
import { builder } from '../builder.ts';
import { appear } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionArchivedError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Session } from '../session.ts';
import { answer, dryRun, memberOf, operation } from './answer.ts';
import { answerLimit, withinAnswer } from './answer-limits.ts';
import { removedFields } from './appended.ts';
import { EXPECTED_VERSION, OPERATION_ID, SESSION_AFTER } from './descriptions.ts';

const TruncateHistoryInput = builder.inputType('TruncateHistoryInput', {
  description: 'The history to roll back, and the messages to keep.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to roll back.', required: true }),
    keep: t.int({ description: 'The number of messages to keep, from the first on.', required: true }),
    dryRun: t.boolean({
      description: 'True: nothing is dropped, and the payload says what would be.',
      defaultValue: false,
    }),
    purge: t.boolean({
      description:
        'True: nothing of what the dropped messages said stays on the disk, nor their keys and tool calls; what sums of usage are made of does. Forks of the session stay, with what they copied.',
      defaultValue: false,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

interface Payload extends Truncated {
  readonly isDryRun: boolean;
}

const TruncateHistoryPayload = builder.objectRef<Payload>('TruncateHistoryPayload').implement({
  description: 'The history was rolled back or, with `dryRun`, would be.',
  fields: (t) => ({
    session: t.field({
      description: SESSION_AFTER,
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    isDryRun: t.exposeBoolean('isDryRun', {
      description: 'True if nothing was dropped, because of `dryRun`.',
    }),
    ...removedFields(t),
  }),
});

const TruncateHistoryResult = builder.unionType('TruncateHistoryResult', {
  description: 'The answer of `truncateHistory`: the payload, or a typed error.',
  types: [
    TruncateHistoryPayload,
    SessionNotFoundError,
    SessionArchivedError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('TruncateHistoryPayload'),
});

builder.mutationField('truncateHistory', (t) =>
  t.field({
    description:
      'Rolls a history back: keeps the first messages and drops the rest. Later messages take the positions of the dropped ones, but ' +
      'never their ids. The usage of dropped messages still counts in `Session.rollup`.',
    type: TruncateHistoryResult,
    args: {
      input: t.arg({
        description: 'The history to roll back, and the messages to keep.',
        type: TruncateHistoryInput,
        required: true,
      }),
    },
    resolve: (_root, { input }, context, info) => {
      const run = input.dryRun ? dryRun : answer;
      return run(context, async (options) => {
        const given = { ...input, dryRun: input.dryRun ?? false };
        const { operationId, ...checked } = checkInput(context.rules.truncate, given);
        const { dryRun: isDryRun, ...truncate } = checked;
        const limit = answerLimit(context, info, options, 'TruncateHistoryPayload', 'removed');
        return await withinAnswer('keep', limit, async () => {
          if (isDryRun) return { ...(await context.repository.planTruncate(truncate, limit)), isDryRun };
          // The fingerprint includes `dryRun`, as in earlier versions: so a retry after an upgrade is recognised.
          const made = operation(operationId, 'truncateHistory', checked);
          return { ...(await context.repository.truncate(truncate, limit, made)), isDryRun };
        });
      });
    },
  }),
);
