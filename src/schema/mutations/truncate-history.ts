import { InvalidInputError as InvalidInput } from '../../model/errors.ts';
import { checkInput } from '../../model/input.ts';
import type { Truncated } from '../../repository/mutations.ts';
import { type ReadLimit, ReadTooLargeError } from '../../repository/reads.ts';
import { argumentRules } from '../argument-rules.ts';
import { builder } from '../builder.ts';
import { appear, appearMessages } from '../context.ts';
import {
  ConflictError,
  InvalidInputError,
  SessionArchivedError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { largestFirst, selectedOfMessages } from '../look-ahead.ts';
import { Message } from '../message.ts';
import { Session } from '../session.ts';
import { answer, dryRun, memberOf, operation } from './answer.ts';
import { checkFirst, firstArgument } from './changed-sessions.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';

const TruncateHistoryInput = builder.inputType('TruncateHistoryInput', {
  description: 'The history to roll back, and the messages to keep.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to roll back.', required: true }),
    keep: t.int({ description: 'The number of messages to keep, from the first on.', required: true }),
    dryRun: t.boolean({
      description: 'True: nothing is dropped, and the payload says what would be.',
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
      description: 'The session after the mutation.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    isDryRun: t.exposeBoolean('isDryRun', {
      description: 'True if nothing was dropped, because of `dryRun`.',
    }),
    removedCount: t.exposeInt('removedCount', { description: 'The number of dropped messages.' }),
    removed: t.field({
      description: 'The dropped messages, oldest first. They are read only if this field is selected.',
      type: [Message],
      args: firstArgument(),
      extensions: argumentRules(checkFirst),
      resolve: ({ session, removed }, { first }, context, info) => {
        checkFirst({ first });
        const messages = removed.slice(0, first ?? removed.length);
        appearMessages(context, session, messages, selectedOfMessages(info, 'Message').shown);
        return messages;
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
        const first = largestFirst(info, 'TruncateHistoryPayload', 'removed');
        const most: ReadLimit = {
          ...options,
          shown,
          // One object is left for the session of the payload.
          messages: Math.floor((budget.objectsLeft - 1) / places),
          bytes: budget.textLeft,
          first,
        };
        try {
          const limit = places > 0 && first !== 0 ? most : null;
          if (isDryRun) return { ...(await context.repository.planTruncate(truncate, limit)), isDryRun };
          // The fingerprint includes `dryRun`, as in earlier versions: so a retry after an upgrade is recognised.
          const made = operation(operationId, 'truncateHistory', checked);
          return { ...(await context.repository.truncate(truncate, limit, made)), isDryRun };
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
      path: ['input', 'keep'],
      message:
        `expected to drop at most ${messages} messages and ${bytes} bytes of text, as often as they are asked for, which an ` +
        'answer can hold, got more. Ask for the `first` of them, or roll back in several steps',
    },
  ]);
}
