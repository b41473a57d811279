import type {
  MESSAGE_ROLES,
  Message as MessageModel,
  TokenUsage as TokenUsageModel,
} from '../model/message.ts';
import { builder } from './builder.ts';
import { connectionType } from './connection-type.ts';
import { appear, findSession } from './context.ts';
import { andThen } from './maybe-promise.ts';
import { Node } from './node.ts';
import { Session } from './session.ts';

export const MessageRole = builder.enumType('MessageRole', {
  description: 'Who speaks.',
  values: {
    SYSTEM: { description: 'Instructions to the agent.' },
    USER: { description: 'What the agent is asked: each begins an exchange.' },
    ASSISTANT: { description: 'What the agent answers.' },
    TOOL: { description: 'What a tool that the agent called gave back.' },
  } satisfies Record<(typeof MESSAGE_ROLES)[number], { description: string }>,
});

export const TokenUsage = builder.objectRef<TokenUsageModel>('TokenUsage').implement({
  description: 'What it took to produce a message.',
  fields: (t) => ({
    inputTokens: t.expose('inputTokens', { description: 'Tokens read.', type: 'SafeInt' }),
    outputTokens: t.expose('outputTokens', { description: 'Tokens written.', type: 'SafeInt' }),
    costUsd: t.float({
      description: 'What they cost, in US dollars; null where it is not known.',
      nullable: true,
      resolve: (usage) => usage.costUsd,
    }),
  }),
});

export const Message = builder.objectRef<MessageModel>('Message').implement({
  description: "A message: an entry of a session's history.",
  interfaces: [Node],
  fields: (t) => ({
    session: t.field({
      description: 'The session in whose history it is.',
      type: Session,
      resolve: ({ sessionId }, _args, context) =>
        andThen(findSession(context, sessionId), (session) => {
          if (!session)
            throw new Error(`A message of session "${sessionId}" was shown without \`appearMessages\`.`);
          return appear(context, session);
        }),
    }),
    position: t.exposeInt('position', { description: 'Its place in the history: 0 for the first.' }),
    role: t.expose('role', { description: 'Who speaks.', type: MessageRole }),
    content: t.exposeString('content', { description: 'What is said, as text.' }),
    name: t.exposeString('name', { description: 'The name of the tool or of the author.', nullable: true }),
    toolCallId: t.exposeString('toolCallId', {
      description: 'On a TOOL message: the call that it answers.',
      nullable: true,
    }),
    payload: t.expose('payload', {
      description:
        "The provider's own form of the message (content parts, tool calls), kept as it was given.",
      type: 'JSON',
      nullable: true,
    }),
    usage: t.expose('usage', {
      description: 'What it took to produce it; null where that was not given.',
      type: TokenUsage,
      nullable: true,
    }),
    metadata: t.expose('metadata', { description: 'What the client keeps with it.', type: 'JSONObject' }),
    createdAt: t.expose('createdAt', {
      description: 'When it was said, if that was given; else when it was appended.',
      type: 'DateTime',
    }),
  }),
});

export const MessageConnection = connectionType(Message);
