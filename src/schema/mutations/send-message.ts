import { checkInput } from '../../model/input.ts';
import type { Appended } from '../../repository/repository.ts';
import { builder } from '../builder.ts';
import { appear, appearMessages } from '../context.ts';
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
import { TokenUsageInput } from './message-input.ts';

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'One exchange: what the user said, and what the agent answered.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session it belongs to.', required: true }),
    message: t.string({ description: 'What the user said: at most 1 MiB.', required: true }),
    response: t.string({ description: 'What the agent answered: at most 1 MiB.', required: true }),
    usage: t.field({
      description: 'What the answer took. It is kept with the answer.',
      type: TokenUsageInput,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const SendMessagePayload = builder.objectRef<Appended>('SendMessagePayload').implement({
  description: 'The exchange was recorded.',
  fields: (t) => ({
    session: t.field({
      description: 'The session as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    messages: t.field({
      description: "The two messages that were appended: the user's and the agent's.",
      type: [Message],
      resolve: ({ session, messages }, _args, context) => {
        appearMessages(context, session, messages);
        return messages;
      },
    }),
  }),
});

const SendMessageResult = builder.unionType('SendMessageResult', {
  description: 'What `sendMessage` answers.',
  types: [
    SendMessagePayload,
    SessionNotFoundError,
    SessionArchivedError,
    InvalidInputError,
    ConflictError,
    StorageError,
  ],
  resolveType: memberOf('SendMessagePayload'),
});

builder.mutationField('sendMessage', (t) =>
  t.field({
    description: 'Records one exchange in a history, whole or not at all.',
    type: SendMessageResult,
    args: { input: t.arg({ description: 'The exchange.', type: SendMessageInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(context, () => {
        const { operationId, ...send } = checkInput(context.rules.send, input);
        const { sessionId, message, response, usage, expectedVersion } = send;
        return context.repository.append(
          {
            sessionId,
            messages: [
              { role: 'USER', content: message },
              { role: 'ASSISTANT', content: response, usage },
            ],
            expectedVersion,
          },
          operation(operationId, 'sendMessage', send),
        );
      }),
  }),
);
