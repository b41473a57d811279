import { builder } from '../builder.ts';
import { MessageRole } from '../message.ts';

export const TokenUsageInput = builder.inputType('TokenUsageInput', {
  description: 'What it took to produce a message.',
  fields: (t) => ({
    inputTokens: t.field({ description: 'Tokens read: 0 or more.', type: 'SafeInt', required: true }),
    outputTokens: t.field({ description: 'Tokens written: 0 or more.', type: 'SafeInt', required: true }),
    costUsd: t.float({ description: 'What they cost, in US dollars: 0 or more.' }),
  }),
});

export const MessageInput = builder.inputType('MessageInput', {
  description: 'A message to append.',
  fields: (t) => ({
    role: t.field({ description: 'Who speaks.', type: MessageRole, required: true }),
    content: t.string({ description: 'What is said, as text: at most 1 MiB.', required: true }),
    name: t.string({ description: 'The name of the tool or of the author: at most 256 characters.' }),
    toolCallId: t.string({
      description: 'On a TOOL message: the call that it answers. At most 256 characters.',
    }),
    payload: t.field({
      description:
        "The provider's own form of the message, to keep as it is: at most 1 MiB as JSON and 128 levels.",
      type: 'JSON',
    }),
    usage: t.field({ description: 'What it took to produce it.', type: TokenUsageInput }),
    metadata: t.field({
      description: 'What to keep with it: at most 64 KiB as JSON and 32 levels.',
      type: 'JSONObject',
    }),
    createdAt: t.field({ description: 'When it was said. Left out: now.', type: 'DateTime' }),
  }),
});
