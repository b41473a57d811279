import { checkInput } from '../../model/input.ts';
import { textBytesIn } from '../../model/json.ts';
import type { WrittenHistory } from '../../repository/mutations.ts';
import { builder } from '../builder.ts';
import {
  ConflictError,
  ForbiddenError,
  InvalidInputError,
  SessionArchivedError,
  SessionExistsError,
  SessionNotFoundError,
  StorageError,
} from '../errors.ts';
import { endDrafts } from '../live/drafts.ts';
import { SessionStatus } from '../session.ts';
import { answer, memberOf, operation } from './answer.ts';
import { answerLimit, withinAnswer } from './answer-limits.ts';
import { appendedFields, MESSAGES_OF_INPUT, removedFields } from './appended.ts';
import { IS_NEW, SpawnOriginInput } from './described-session.ts';
import {
  AGENT_NAME,
  METADATA,
  METADATA_PATCH,
  OPERATION_ID,
  PROJECT,
  SET_METADATA,
  STATUS_MESSAGE,
  TITLE,
} from './descriptions.ts';
import { KeyConflict, MessageInput, ON_KEY } from './message-input.ts';

const ForkOriginInput = builder.inputType('ForkOriginInput', {
  description: 'Where a session was forked from. It need not be there any more.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The id of the original.', required: true }),
    messageId: t.id({ description: 'The id of the last message that was copied.' }),
  }),
});

const CreateIfMissingInput = builder.inputType('CreateIfMissingInput', {
  description:
    'What a session is made of where there is none. Where there is one, nothing of this counts. `title` and `metadata` of the write ' +
    'itself are applied to it.',
  fields: (t) => ({
    parentId: t.id({ description: 'The parent. Default: none, the session is a root.' }),
    parentKey: t.string({ description: "The parent's key, in the place of `parentId`." }),
    title: t.string({ description: TITLE }),
    agentName: t.string({ description: AGENT_NAME }),
    project: t.string({ description: `${PROJECT} Default: that of the parent.` }),
    metadata: t.field({ description: METADATA, type: 'JSONObject' }),
    spawnedBy: t.field({
      description: 'The message and the tool call of the parent that spawned the session.',
      type: SpawnOriginInput,
    }),
    forkedFrom: t.field({
      description: 'The origin of a fork: the first of `messages`, those with `isCopy`, come from there.',
      type: ForkOriginInput,
    }),
    createdAt: t.field({ description: 'When the session was created. Default: now.', type: 'DateTime' }),
    lastActiveAt: t.field({
      description: 'When the session was last active: with the rules of `createSession`.',
      type: 'DateTime',
    }),
  }),
});

const WriteHistoryInput = builder.inputType('WriteHistoryInput', {
  description:
    "All that an agent's turn does to one session, in this order: the session is made if there is none, the end of the history is " +
    'dropped, messages are written, and what the session says of itself changes.',
  fields: (t) => ({
    sessionId: t.id({ description: 'The session. Either this or `key`.' }),
    key: t.string({ description: 'The key of the session, among those of `ownerId`.' }),
    ownerId: t.string({
      description:
        'The user of the root of the tree that the session with the `key` is in; of a root that is created, its user. Length: at most ' +
        "the server's limit `nameLength`. Default: nobody, or the user of the caller where the server asks for tokens.",
    }),
    create: t.field({
      description:
        'Makes the session if there is none, with the `sessionId` or the `key`. Left out: SessionNotFoundError.',
      type: CreateIfMissingInput,
    }),
    keep: t.int({
      description:
        'How many messages stay; the rest is dropped. At most as many as there are. At most one of `keep`, `keepThroughKey` and `dropLast`.',
    }),
    keepThroughKey: t.string({
      description: 'The key of the last message that stays. It must be that of a message of the history.',
    }),
    dropLast: t.int({ description: 'How many messages are dropped from the end; all if there are fewer.' }),
    messages: t.field({
      description: "The messages, oldest first: at most the server's limit `messages`.",
      type: [MessageInput],
    }),
    onKey: t.field({ description: ON_KEY, type: KeyConflict, defaultValue: 'ERROR' }),
    title: t.string({ description: `${TITLE} Null removes the title.` }),
    status: t.field({
      description: 'What the session is doing. Removes the `statusMessage`, unless one is given.',
      type: SessionStatus,
    }),
    statusMessage: t.string({ description: `${STATUS_MESSAGE} Null removes the message.` }),
    metadata: t.field({ description: METADATA_PATCH, type: 'JSONObject' }),
    setMetadata: t.field({ description: SET_METADATA, type: 'JSONObject' }),
    expectedVersion: t.int({
      description:
        'The mutation is done only if the session is at this version; otherwise the answer is a ConflictError. 0: only if there is no ' +
        'such session. Default: any version, or none.',
    }),
    operationId: t.id({ description: OPERATION_ID }),
  }),
});

/** The members that say which messages are dropped. */
const ENDS = ['keep', 'keepThroughKey', 'dropLast'] as const;

const WriteHistoryPayload = builder.objectRef<WrittenHistory>('WriteHistoryPayload').implement({
  description:
    'All of it was done, or had been done before. If nothing had to change, the version is that of before.',
  fields: (t) => ({
    ...appendedFields(t, MESSAGES_OF_INPUT),
    isNew: t.exposeBoolean('isNew', { description: IS_NEW }),
    ...removedFields(t),
  }),
});

const WriteHistoryResult = builder.unionType('WriteHistoryResult', {
  description: 'The answer of `writeHistory`: the payload, or a typed error.',
  types: [
    WriteHistoryPayload,
    SessionNotFoundError,
    SessionExistsError,
    SessionArchivedError,
    InvalidInputError,
    ConflictError,
    StorageError,
    ForbiddenError,
  ],
  resolveType: memberOf('WriteHistoryPayload'),
});

builder.mutationField('writeHistory', (t) =>
  t.field({
    description:
      "All that an agent's turn does to one session in one step, or nothing: makes the session if there is none, drops the end of its " +
      'history, writes messages, and changes title, status and metadata.',
    type: WriteHistoryResult,
    args: {
      input: t.arg({
        description: 'The session, and what is done to it.',
        type: WriteHistoryInput,
        required: true,
      }),
    },
    resolve: (_root, { input }, context, info) =>
      answer(
        context,
        async (options) => {
          const { operationId, ...write } = checkInput(context.rules.write, input);
          const limits = {
            messages: answerLimit(context, info, options, 'WriteHistoryPayload'),
            removed: answerLimit(context, info, options, 'WriteHistoryPayload', 'removed'),
          };
          const made = operation(operationId, 'writeHistory', write);
          const end = limits.removed ? ENDS.find((member) => write[member] != null) : undefined;
          const written = await withinAnswer(end ?? 'messages', limits.messages, () =>
            context.repository.writeHistory(write, limits, made),
          );
          endDrafts(context, written.session.id, write.messages ?? []);
          return written;
        },
        () => textBytesIn(input),
      ),
  }),
);
