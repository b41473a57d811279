import { InvalidInputError as InvalidInput } from '../../model/errors.ts';
import { checkInput } from '../../model/input.ts';
import { ReadTooLargeError, type Truncated } from '../../repository/repository.ts';
import { builder } from '../builder.ts';
import { appear, appearMessages, type SchemaContext } from '../context.ts';
import {
  ConflictError,
  InvalidInputError,
  SessionArchivedError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { Message } from '../message.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const TruncateHistoryInput = builder.inputType('TruncateHistoryInput', {
  description: 'How far to roll back.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to roll back.', required: true }),
    length: t.int({ description: 'How many messages to keep, from the first on.', required: true }),
    dryRun: t.boolean({ description: 'Whether only to say what would be dropped.', defaultValue: false }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const TruncateHistoryPayload = builder.objectRef<Truncated>('TruncateHistoryPayload').implement({
  description: 'The history was rolled back, or would be.',
  fields: (t) => ({
    session: t.field({
      description: 'The session as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    popped: t.field({
      description: 'The messages that were dropped, or would be, oldest first.',
      type: [Message],
      resolve: ({ session, popped }, _args, context) => {
        appearMessages(context, session, popped);
        return popped;
      },
    }),
  }),
});

const TruncateHistoryResult = builder.unionType('TruncateHistoryResult', {
  description: 'What `truncateHistory` answers.',
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
      'Rolls a history back: keeps its first messages and drops the rest. What comes next takes their positions, never their ' +
      'ids. What was paid for them stays paid.',
    type: TruncateHistoryResult,
    args: {
      input: t.arg({ description: 'How far to roll back.', type: TruncateHistoryInput, required: true }),
    },
    resolve: (_root, { input }, context) =>
      answer(context, async () => {
        const given = { ...input, dryRun: input.dryRun ?? false };
        const { operationId, ...truncate } = checkInput(context.rules.truncate, given);
        const limit = { messages: context.budget.objectsLeft - 1, bytes: context.budget.textLeft };
        try {
          return await context.repository.truncate(
            truncate,
            limit,
            operation(operationId, 'truncateHistory', truncate),
          );
        } catch (error) {
          if (error instanceof ReadTooLargeError) throw tooMuch(context);
          throw error;
        }
      }),
  }),
);

/** Refused before anything is written: the answer could not hold what was dropped. */
function tooMuch({ limits }: SchemaContext): InvalidInput {
  return new InvalidInput([
    {
      path: ['input', 'length'],
      message:
        `expected to drop at most ${limits.objects} messages and ${limits.textBytes} bytes of text, which an answer can ` +
        'hold, got more. Roll back in several steps',
    },
  ]);
}
