import type { ChatModelAdapter, ThreadMessage } from '@assistant-ui/react';

/** The texts of messages. */
export const texts = (messages: readonly ThreadMessage[]) =>
  messages.map(({ content }) => content.flatMap((part) => (part.type === 'text' ? part.text : [])).join());

/** A model that counts its answers. */
export function countingModel(): ChatModelAdapter {
  let count = 0;
  return {
    async run() {
      count += 1;
      return {
        content: [
          { type: 'reasoning', text: `Thought ${count}` },
          {
            type: 'tool-call',
            toolCallId: `call-${count}`,
            toolName: 'clock',
            args: { zone: 'Lisbon' },
            argsText: '{"zone":"Lisbon"}',
            result: { hour: 9 },
          },
          { type: 'text', text: `Answer ${count}` },
        ],
        metadata: { steps: [{ usage: { inputTokens: 10, outputTokens: 3 } }], custom: { seed: count } },
      };
    },
  };
}
