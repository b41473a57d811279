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
import { MessageInput } from './message-input.ts';

const AppendMessagesInput = builder.inputType('AppendMessagesInput', {
  description: 'Messages for the end of a history.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session that takes them.', required: true }),
    messages: t.field({
      description: 'The messages, oldest first: 1 to 1,000. They are appended all or none.',
      type: [MessageInput],
      required: true,
    }),
    expectedVersion: t.int({ description: EXPECTED_VERSION }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const AppendMessagesPayload = builder.objectRef<Appended>('AppendMessagesPayload').implement({
  description: 'The messages were appended.',
  fields: (t) => ({
    session: t.field({
      description: 'The session as it is now.',
      type: Session,
      resolve: ({ session }, _args, context) => appear(context, session),
    }),
    messages: t.field({
      description: 'The messages that were appended, in their order.',
      type: [Message],
      resolve: ({ session, messages }, _args, context) => {
        appearMessages(context, session, messages);
        return messages;
      },
    }),
  }),
});

const AppendMessagesResult = builder.unionType('AppendMessagesResult', {
  description: 'What `appendMessages` answers.',
  types: [
    AppendMessagesPayload,
    SessionNotFoundError,
    SessionArchivedError,
    InvalidInputError,
    ConflictError,
    StorageError,
  ],
  resolveType: memberOf('AppendMessagesPayload'),
});

builder.mutationField('appendMessages', (t) =>
  t.field({
    description: 'Appends messages of any role to a history, all or none.',
    type: AppendMessagesResult,
    args: { input: t.arg({ description: 'The messages.', type: AppendMessagesInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(context, () => {
        const { operationId, ...append } = checkInput(context.rules.append, input);
        return context.repository.append(append, operation(operationId, 'appendMessages', append));
      }),
  }),
);
