import type { MessageRef } from '../model/id.ts';
import {
  cutContent,
  MESSAGE_ROLES,
  type Message as MessageModel,
  type MessageRole as MessageRoleModel,
  type TokenUsage as TokenUsageModel,
  type ToolCall as ToolCallModel,
} from '../model/message.ts';
import { argumentRules } from './argument-rules.ts';
import { builder } from './builder.ts';
import { connectionTypes } from './connection-type.ts';
import { appear, findSession } from './context.ts';
import { andThen } from './maybe-promise.ts';
import { Node } from './node.ts';
import { PLAIN_WITHOUT_ARGUMENTS } from './plain-field.ts';
import { badUserInput } from './request-error.ts';
import { Session } from './session.ts';

export const MessageRole = builder.enumType('MessageRole', {
  description: 'The author of a message.',
  values: {
    SYSTEM: { description: 'Instructions to the agent.' },
    USER: { description: 'A request to the agent. Each user message begins an exchange.' },
    ASSISTANT: { description: 'An answer of the agent.' },
    TOOL: { description: 'The result of a tool call of the agent.' },
    EVENT: {
      description:
        'Something that nobody said: a compaction, an abort, an error of the API. `kind` says what. Not counted in `messageCount`.',
    },
  } satisfies Record<(typeof MESSAGE_ROLES)[number], { description: string }>,
});

/** Each of the given roles once, in a fixed order: a client can repeat them in a list of any length. */
export function uniqueRoles(roles: readonly MessageRoleModel[]): readonly MessageRoleModel[] {
  const given = new Set(roles);
  return MESSAGE_ROLES.filter((role) => given.has(role));
}

export const TokenUsage = builder.objectRef<TokenUsageModel>('TokenUsage').implement({
  description: 'Tokens and money that one or several messages cost.',
  fields: (t) => ({
    inputTokens: t.expose('inputTokens', { description: 'Tokens that the model read.', type: 'SafeInt' }),
    outputTokens: t.expose('outputTokens', { description: 'Tokens that the model wrote.', type: 'SafeInt' }),
    cacheReadTokens: t.expose('cacheReadTokens', {
      description: 'Those of `inputTokens` that were read from a cache.',
      type: 'SafeInt',
    }),
    cacheWriteTokens: t.expose('cacheWriteTokens', {
      description: 'Those of `inputTokens` that were written to a cache.',
      type: 'SafeInt',
    }),
    reasoningTokens: t.expose('reasoningTokens', {
      description: 'Those of `outputTokens` that the model spent on reasoning.',
      type: 'SafeInt',
    }),
    costUsd: t.float({
      description: 'The price in US dollars; null if unknown.',
      nullable: true,
      resolve: (usage) => usage.costUsd,
    }),
  }),
});

/** A tool call, and the message that makes it. */
interface MadeToolCall extends ToolCallModel {
  readonly message: MessageRef;
}

/** tool-call.ts adds what a call leads to. */
export const ToolCall = builder.objectRef<MadeToolCall>('ToolCall').implement({
  description: 'A tool call of the agent.',
  fields: (t) => ({
    toolCallId: t.exposeString('toolCallId', {
      description: 'The id of the call, unique among those of the model.',
    }),
    name: t.exposeString('name', { description: 'The name of the tool.' }),
    arguments: t.expose('arguments', {
      description: 'The arguments, stored unchanged; null if there are none.',
      type: 'JSON',
      nullable: true,
    }),
  }),
});

function checkMaxLength({ maxLength }: { readonly maxLength?: number | null }): void {
  if (maxLength != null && maxLength < 0)
    throw badUserInput(`maxLength: expected 0 or more, got ${maxLength}.`);
}

export const Message = builder.objectRef<MessageModel>('Message').implement({
  description: "A message in a session's history.",
  interfaces: [Node],
  fields: (t) => ({
    session: t.field({
      description: 'The session whose history holds the message.',
      type: Session,
      resolve: ({ sessionId }, _args, context) =>
        andThen(findSession(context, sessionId), (session) => {
          if (!session)
            throw new Error(`A message of session "${sessionId}" was shown without \`appearMessages\`.`);
          return appear(context, session);
        }),
    }),
    position: t.exposeInt('position', {
      description: 'The position in the history: 0 for the first message.',
    }),
    role: t.expose('role', { description: 'The author of the message.', type: MessageRole }),
    key: t.exposeString('key', {
      description: "The client's own id for the message, unique in the history of its session.",
      nullable: true,
    }),
    kind: t.exposeString('kind', {
      description: 'What an EVENT is. Stored with any role, as given; null if not given.',
      nullable: true,
    }),
    content: t.string({
      description: 'The text of the message.',
      args: {
        maxLength: t.arg.int({
          description:
            'Cuts the text to so many characters (UTF-16 code units). Only what is given counts in `textBytes`.',
        }),
      },
      extensions: { ...argumentRules(checkMaxLength), ...PLAIN_WITHOUT_ARGUMENTS },
      resolve: ({ content }, { maxLength }) => {
        if (maxLength == null) return content;
        checkMaxLength({ maxLength });
        return cutContent(content, maxLength);
      },
    }),
    contentLength: t.exposeInt('contentLength', {
      description: 'The length of the whole text, in characters (UTF-16 code units).',
    }),
    reasoning: t.exposeString('reasoning', {
      description: 'What the model thought, apart from what it said.',
      nullable: true,
    }),
    toolCalls: t.field({
      description:
        'The tool calls of an ASSISTANT message. Stored with any role, as given; empty if none were given.',
      type: [ToolCall],
      resolve: (message) => message.toolCalls.map((call) => ({ ...call, message })),
    }),
    name: t.exposeString('name', { description: 'The name of the tool or of the author.', nullable: true }),
    toolCallId: t.exposeString('toolCallId', {
      description:
        'The id of the tool call that a TOOL message answers. Stored with any role, as given; null if not given.',
      nullable: true,
    }),
    isError: t.exposeBoolean('isError', {
      description:
        'True for a TOOL message whose call failed. Stored with any role, as given; false if not given.',
    }),
    model: t.exposeString('model', { description: 'The model that wrote the message.', nullable: true }),
    isCopy: t.exposeBoolean('isCopy', {
      description:
        'True if the message came with a fork, or was paid for in another session: its usage is in no sum.',
    }),
    payload: t.expose('payload', {
      description: "The message in the provider's own format (content parts, tool calls), stored unchanged.",
      type: 'JSON',
      nullable: true,
    }),
    usage: t.expose('usage', {
      description: 'Tokens and money that the message cost; null if not given.',
      type: TokenUsage,
      nullable: true,
    }),
    metadata: t.expose('metadata', {
      description: 'Data of the client, stored with the message.',
      type: 'JSONObject',
    }),
    createdAt: t.expose('createdAt', {
      description: 'The time given with the message, or else the time when the message was appended.',
      type: 'DateTime',
    }),
    replacedAt: t.expose('replacedAt', {
      description: 'When the message last got another form (`onKey: REPLACE`); null if it never did.',
      type: 'DateTime',
      nullable: true,
    }),
    redactedAt: t.expose('redactedAt', {
      description:
        'When what the message said was overwritten (`redactMessages`); null if it never was. `onKey: REPLACE` leaves such a message as it is.',
      type: 'DateTime',
      nullable: true,
    }),
  }),
});

builder.objectField(Session, 'usage', (t) =>
  t.expose('usage', {
    description:
      'What the messages of this session cost, each counted once: copies of a fork do not count, and messages that were rolled back ' +
      'do. The usage of the subtree is in `rollup`.',
    type: TokenUsage,
  }),
);

export const { Connection: MessageConnection, Edge: MessageEdge } = connectionTypes(Message);
