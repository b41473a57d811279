import { builder } from '../builder.ts';
import { MessageRole } from '../message.ts';
import { METADATA } from './descriptions.ts';

export const CONTENT = "Size: at most the server's limit `contentBytes`.";
export const NAME = "Length: at most the server's limit `nameLength`.";

export const TokenUsageInput = builder.inputType('TokenUsageInput', {
  description: 'Tokens and money that a message cost.',
  fields: (t) => ({
    inputTokens: t.field({
      description: 'Tokens that the model read: 0 or more.',
      type: 'SafeInt',
      required: true,
    }),
    outputTokens: t.field({
      description: 'Tokens that the model wrote: 0 or more.',
      type: 'SafeInt',
      required: true,
    }),
    cacheReadTokens: t.field({
      description: 'Those of `inputTokens` that were read from a cache. Default: 0.',
      type: 'SafeInt',
    }),
    cacheWriteTokens: t.field({
      description: 'Those of `inputTokens` that were written to a cache. Default: 0.',
      type: 'SafeInt',
    }),
    reasoningTokens: t.field({
      description: 'Those of `outputTokens` that the model spent on reasoning. Default: 0.',
      type: 'SafeInt',
    }),
    costUsd: t.float({ description: 'The price in US dollars: 0 or more.' }),
  }),
});

export const KeyConflict = builder.enumType('KeyConflict', {
  description: 'What happens to a message whose key a message of the history has.',
  values: {
    ERROR: { description: 'ConflictError with the reason KEY: nothing is written.' },
    IGNORE: { description: 'The message that is there stays, and is the answer.' },
    REPLACE: {
      description:
        'The message that is there gets the new form. It keeps its id, its position and, unless one is given, its `createdAt`. Its new ' +
        'usage takes the place of the old one in every sum, and it is no copy any more. A message that is already as given is left alone.',
    },
  },
});

export const ON_KEY =
  'What happens to a message whose key a message of the history has. Keys of messages that the same write drops are free: a message ' +
  'that comes back under one takes over its usage.';

const ToolCallInput = builder.inputType('ToolCallInput', {
  description: 'A tool call of the agent.',
  fields: (t) => ({
    toolCallId: t.string({ description: `The id of the call. ${NAME}`, required: true }),
    name: t.string({ description: `The name of the tool. ${NAME}`, required: true }),
    arguments: t.field({
      description:
        "The arguments. Size and nesting: at most the server's limits `payloadBytes` and `payloadDepth`.",
      type: 'JSON',
    }),
  }),
});

export const MessageInput = builder.inputType('MessageInput', {
  description: 'A message to append.',
  fields: (t) => ({
    role: t.field({ description: 'The author of the message.', type: MessageRole, required: true }),
    content: t.string({
      description: `The text of the message. ${CONTENT}`,
      required: true,
      defaultValue: '',
    }),
    key: t.string({
      description: `The client's own id for the message, unique in the history of its session: any text that can be stored (well-formed, without NUL), at least one character. ${NAME}`,
    }),
    kind: t.string({ description: `What an EVENT is. ${NAME}` }),
    reasoning: t.string({ description: `What the model thought, apart from what it said. ${CONTENT}` }),
    toolCalls: t.field({
      description: "The tool calls of an ASSISTANT message: at most the server's limit `toolCalls`.",
      type: [ToolCallInput],
    }),
    name: t.string({ description: `The name of the tool or of the author. ${NAME}` }),
    toolCallId: t.string({
      description: `The id of the tool call that a TOOL message answers. ${NAME}`,
    }),
    isError: t.boolean({ description: 'True for a TOOL message whose call failed. Default: false.' }),
    model: t.string({ description: `The model that wrote the message. ${NAME}` }),
    isCopy: t.boolean({
      description:
        'True if the message was paid for in another session: its usage is then in no sum. Default: false.',
    }),
    payload: t.field({
      description:
        "The message in the provider's own format, stored unchanged. Size and nesting: at most the server's limits " +
        '`payloadBytes` and `payloadDepth`.',
      type: 'JSON',
    }),
    usage: t.field({ description: 'Tokens and money that the message cost.', type: TokenUsageInput }),
    metadata: t.field({
      description: METADATA,
      type: 'JSONObject',
    }),
    createdAt: t.field({ description: 'The time of the message. Default: now.', type: 'DateTime' }),
  }),
});
