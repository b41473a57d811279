import { checkInput } from '../../model/input.ts';
import { textBytesIn } from '../../model/json.ts';
import type { NewMessage } from '../../model/message.ts';
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
import { answer, memberOf, operation } from './answer.ts';
import { appendedFields } from './appended.ts';
import { EXPECTED_VERSION, OPERATION_ID } from './descriptions.ts';
import { CONTENT, NAME, TokenUsageInput } from './message-input.ts';

const SendMessageInput = builder.inputType('SendMessageInput', {
  description: 'One exchange: a message of the user and the answer of the agent, or the message alone.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session to append to.', required: true }),
    message: t.string({ description: `The message of the user. ${CONTENT}`, required: true }),
    response: t.string({
      description: `The answer of the agent. Left out: only the message of the user is appended. ${CONTENT}`,
    }),
    usage: t.field({
      description: 'Tokens and money that the answer cost, stored with the answer.',
      type: TokenUsageInput,
    }),
    model: t.string({ description: `The model that wrote the answer. ${NAME}` }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const SendMessagePayload = builder.objectRef<Appended>('SendMessagePayload').implement({
  description: 'The exchange was recorded.',
  fields: (t) => appendedFields(t, "The appended messages: the user's, and the agent's if there is one."),
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
    ForbiddenError,
  ],
  resolveType: memberOf('SendMessagePayload'),
});

builder.mutationField('sendMessage', (t) =>
  t.field({
    description:
      'Appends one exchange to a history: a USER message and an ASSISTANT message, both or none. Without a `response`, the USER message.',
    type: SendMessageResult,
    args: { input: t.arg({ description: 'The exchange.', type: SendMessageInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(
        context,
        () => {
          const { operationId, ...send } = checkInput(context.rules.send, input);
          const { sessionId, message, response, usage, model, expectedVersion } = send;
          const messages: NewMessage[] = [{ role: 'USER', content: message }];
          if (response != null) messages.push({ role: 'ASSISTANT', content: response, usage, model });
          return context.repository.append(
            { sessionId, messages, expectedVersion },
            operation(operationId, 'sendMessage', send),
          );
        },
        () => textBytesIn(input),
      ),
  }),
);
