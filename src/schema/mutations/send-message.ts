import { checkInput } from '../../model/input.ts';
import { textBytesIn } from '../../model/json.ts';
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
import { selectedOfMessages } from '../look-ahead.ts';
import { Message } from '../message.ts';
import { Session } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';
import { CONTENT, TokenUsageInput } from './message-input.ts';

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'One exchange: a message of the user and the answer of the agent.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to append to.', required: true }),
    message: t.string({ description: `The message of the user. ${CONTENT}`, required: true }),
    response: t.string({ description: `The answer of the agent. ${CONTENT}`, required: true }),
    usage: t.field({
      description: 'Tokens and money that the answer cost, stored with the answer.',
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
      description: 'The session after the mutation.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    messages: t.field({
      description: "The two appended messages: the user's and the agent's.",
      type: [Message],
      resolve: ({ session, messages }, _args, context, info) => {
        appearMessages(context, session, messages, selectedOfMessages(info, 'Message').shown);
        return messages;
      },
    }),
  }),
});

const SendMessageResult = builder.unionType('SendMessageResult', {
  description: 'The answer of `sendMessage`: the payload, or a typed error.',
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
    description: 'Appends one exchange to a history: a USER message and an ASSISTANT message, both or none.',
    type: SendMessageResult,
    args: { input: t.arg({ description: 'The exchange.', type: SendMessageInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(
        context,
        () => {
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
        },
        () => textBytesIn(input),
      ),
  }),
);
