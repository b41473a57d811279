import {
  MESSAGE_ROLES,
  type Message as MessageModel,
  type MessageRole as MessageRoleModel,
  type TokenUsage as TokenUsageModel,
} from '../model/message.ts';
import { builder } from './builder.ts';
import { connectionType } from './connection-type.ts';
import { appear, findSession } from './context.ts';
import { andThen } from './maybe-promise.ts';
import { Node } from './node.ts';
import { Session } from './session.ts';

export const MessageRole = builder.enumType('MessageRole', {
  description: 'The author of a message.',
  values: {
    SYSTEM: { description: 'Instructions to the agent.' },
    USER: { description: 'A request to the agent. Each user message begins an exchange.' },
    ASSISTANT: { description: 'An answer of the agent.' },
    TOOL: { description: 'The result of a tool call of the agent.' },
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
    costUsd: t.float({
      description: 'The price in US dollars; null if unknown.',
      nullable: true,
      resolve: (usage) => usage.costUsd,
    }),
  }),
});

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
    content: t.exposeString('content', { description: 'The text of the message.' }),
    name: t.exposeString('name', { description: 'The name of the tool or of the author.', nullable: true }),
    toolCallId: t.exposeString('toolCallId', {
      description: 'The id of the tool call that a TOOL message answers.',
      nullable: true,
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
  }),
});

export const MessageConnection = connectionType(Message);
