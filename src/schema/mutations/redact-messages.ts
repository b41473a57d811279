import { type MessageRef, parseMessageId } from '../../model/id.ts';
import { checkInput } from '../../model/input.ts';
import type { Redacted } from '../../repository/mutations.ts';
import { builder } from '../builder.ts';
import { appearMessages, findSession } from '../context.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { selectedOfMessages } from '../look-ahead.ts';
import { Message } from '../message.ts';
import { answer, memberOf, operation } from './answer.ts';
import { OPERATION_ID } from './descriptions.ts';

const RedactMessagesInput = builder.inputType('RedactMessagesInput', {
  description: 'The messages to redact, and why.',
  fields: (t) => ({
    messageIds: t.idList({
      description:
        "The messages, also such as left the history. At least one, and at most the server's limit `nodeIds`.",
      required: true,
    }),
    copies: t.boolean({
      description: 'True: their copies in forks, in forks of these, and so on, too.',
      defaultValue: true,
    }),
    reason: t.string({
      description:
        "Why. It is recorded: do not repeat what is to be gone. Length: at most the server's limit `statusMessageLength`.",
      required: true,
    }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

const RedactMessagesPayload = builder.objectRef<Redacted>('RedactMessagesPayload').implement({
  description: 'Nothing of what the messages said is left in the files of the store.',
  fields: (t) => ({
    messages: t.field({
      description:
        'The messages of the input as they are now, in that order, without those that cannot be read. Copies are not among them.',
      type: [Message],
      resolve: async ({ messages }, _args, context, info) => {
        const { shown } = selectedOfMessages(info, 'Message');
        const bySession = Map.groupBy(messages, ({ sessionId }) => sessionId);
        const gone = new Set<string>();
        for (const [sessionId, own] of bySession) {
          const session = await findSession(context, sessionId);
          if (session) appearMessages(context, session, own, shown);
          else gone.add(sessionId);
        }
        return messages.filter(({ sessionId }) => !gone.has(sessionId));
      },
    }),
  }),
});

const RedactMessagesResult = builder.unionType('RedactMessagesResult', {
  description: 'The answer of `redactMessages`: the payload, or a typed error.',
  types: [
    RedactMessagesPayload,
    SessionNotFoundError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('RedactMessagesPayload'),
});

builder.mutationField('redactMessages', (t) =>
  t.field({
    description:
      "Overwrites what messages say, in the store's own files: content, reasoning, name, payload, metadata and the arguments of tool " +
      'calls, also in their earlier forms. Ids, keys, positions, roles, models, times, usage, and the ids and names of tool calls stay. It cannot be undone. ' +
      'From then on, `onKey: REPLACE` leaves the messages as they are. Backups are not changed. A StorageError says what could not be redacted.',
    type: RedactMessagesResult,
    args: {
      input: t.arg({
        description: 'The messages to redact, and why.',
        type: RedactMessagesInput,
        required: true,
      }),
    },
    resolve: (_root, { input }, context) =>
      answer(context, async () => {
        const given = { ...input, copies: input.copies ?? true };
        const { operationId, ...checked } = checkInput(context.rules.redact, given);
        const { messageIds, ...redact } = checked;
        const messages = messageIds.map((id) => parseMessageId(id) as MessageRef);
        const made = operation(operationId, 'redactMessages', checked);
        return await context.repository.redact({ ...redact, messages }, made);
      }),
  }),
);
