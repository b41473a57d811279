import { builder } from '../builder.ts';
import { MessageRole } from '../message.ts';
import { METADATA } from './descriptions.ts';

export const CONTENT = "Size: at most the server's limit `contentBytes`.";
const NAME = "Length: at most the server's limit `nameLength`.";

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
    costUsd: t.float({ description: 'The price in US dollars: 0 or more.' }),
  }),
});

export const MessageInput = builder.inputType('MessageInput', {
  description: 'A message to append.',
  fields: (t) => ({
    role: t.field({ description: 'The author of the message.', type: MessageRole, required: true }),
    content: t.string({ description: `The text of the message. ${CONTENT}`, required: true }),
    name: t.string({ description: `The name of the tool or of the author. ${NAME}` }),
    toolCallId: t.string({
      description: `The id of the tool call that a TOOL message answers. ${NAME}`,
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
