import { InvalidInputError as InvalidInput } from '../../model/errors.ts';
import { checkInput } from '../../model/input.ts';
import { type ReadLimit, ReadTooLargeError, type Truncated } from '../../repository/repository.ts';
import { builder } from '../builder.ts';
import { appear, appearMessages } from '../context.ts';
import {
  ConflictError,
  InvalidInputError,
  SessionArchivedError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { selectedOfMessages } from '../look-ahead.ts';
import { Message } from '../message.ts';
import { Session } from '../session.ts';
import { answer, dryRun, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const TruncateHistoryInput = builder.inputType('TruncateHistoryInput', {
  description: 'The history to roll back, and the messages to keep.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to roll back.', required: true }),
    length: t.int({ description: 'The number of messages to keep, from the first on.', required: true }),
    dryRun: t.boolean({
      description: 'True: nothing is dropped, and the payload says what would be.',
      defaultValue: false,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const TruncateHistoryPayload = builder.objectRef<Truncated>('TruncateHistoryPayload').implement({
  description: 'The history was rolled back or, with `dryRun`, would be.',
  fields: (t) => ({
    session: t.field({
      description: 'The session after the mutation.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    popped: t.field({
      description: 'The dropped messages, oldest first. They are read only if this field is selected.',
      type: [Message],
      resolve: ({ session, popped }, _args, context, info) => {
        appearMessages(context, session, popped, selectedOfMessages(info, 'Message').shown);
        return popped;
      },
    }),
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
        const { budget } = context;
        const { places, shown } = selectedOfMessages(info, 'TruncateHistoryPayload');
        const most: ReadLimit = {
          ...options,
          shown,
          // One object is left for the session of the payload.
          messages: Math.floor((budget.objectsLeft - 1) / places),
          bytes: budget.textLeft,
        };
        try {
          const limit = places > 0 ? most : null;
          if (isDryRun) return await context.repository.planTruncate(truncate, limit);
          // The fingerprint includes `dryRun`, as in earlier versions: so a retry after an upgrade is recognised.
          const made = operation(operationId, 'truncateHistory', checked);
          return await context.repository.truncate(truncate, limit, made);
        } catch (error) {
          if (error instanceof ReadTooLargeError) throw tooMuch(most);
          throw error;
        }
      });
    },
  }),
);

/** The refusal, before anything is written, of a rollback whose answer could not hold the dropped messages. */
function tooMuch({ messages, bytes }: ReadLimit): InvalidInput {
  return new InvalidInput([
    {
      path: ['input', 'length'],
      message:
        `expected to drop at most ${messages} messages and ${bytes} bytes of text, as often as they are asked for, which an ` +
        'answer can hold, got more. Roll back in several steps',
    },
  ]);
}
