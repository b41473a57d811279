import { checkInput } from '../../model/input.ts';
import { textBytesIn } from '../../model/json.ts';
import type { Appended } from '../../repository/mutations.ts';
import { builder } from '../builder.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionArchivedError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { endDrafts } from '../live/drafts.ts';
import { answer, memberOf, operation } from './answer.ts';
import { answerLimit, withinAnswer } from './answer-limits.ts';
import { appendedFields, MESSAGES_OF_INPUT } from './appended.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';
import { KeyConflict, MessageInput, ON_KEY } from './message-input.ts';

const AppendMessagesInput = builder.inputType('AppendMessagesInput', {
  description: 'Messages to append to a history.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to append to.', required: true }),
    messages: t.field({
      description:
        "The messages, oldest first: at least one, and at most the server's limit `messages`. Either all are appended or none.",
      type: [MessageInput],
      required: true,
    }),
    onKey: t.field({ description: ON_KEY, type: KeyConflict, defaultValue: 'ERROR' }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const AppendMessagesPayload = builder.objectRef<Appended>('AppendMessagesPayload').implement({
  description: 'The messages were appended.',
  fields: (t) => appendedFields(t, MESSAGES_OF_INPUT),
});

const AppendMessagesResult = builder.unionType('AppendMessagesResult', {
  description: 'The answer of `appendMessages`: the payload, or a typed error.',
  types: [
    AppendMessagesPayload,
    SessionNotFoundError,
    SessionArchivedError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('AppendMessagesPayload'),
});

builder.mutationField('appendMessages', (t) =>
  t.field({
    description: 'Appends messages of any role to a history. Either all are appended or none.',
    type: AppendMessagesResult,
    args: {
      input: t.arg({
        description: 'The messages, and the session.',
        type: AppendMessagesInput,
        required: true,
      }),
    },
    resolve: (_root, { input }, context, info) =>
      answer(
        context,
        async (options) => {
          const { operationId, ...append } = checkInput(context.rules.append, input);
          const limit = answerLimit(context, info, options, 'AppendMessagesPayload');
          const made = operation(operationId, 'appendMessages', append);
          const appended = await withinAnswer('messages', limit, () =>
            context.repository.append(append, made, limit),
          );
          endDrafts(context, append.sessionId, append.messages);
          return appended;
        },
        () => textBytesIn(input),
      ),
  }),
);
