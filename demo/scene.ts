import type { CreateSessionInput, MessageInput, TokenUsageInput } from '@sessiontree/client';

/** A session of the demo, with what was said in it and what it spawned. */
export interface Scene {
  readonly id: string;
  readonly title?: string;
  readonly agentName?: string;
  readonly status?: CreateSessionInput['status'];
  readonly statusMessage?: string;
  /** Minutes before now. */
  readonly begun: number;
  readonly messages: readonly MessageInput[];
  /** The call of the parent that spawned it. */
  readonly call?: string;
  readonly children?: readonly Scene[];
  readonly project?: string;
}

export const MODELS = { opus: 'claude-opus-4-5', mini: 'gpt-5-mini', haiku: 'claude-haiku-4-5' } as const;

export const user = (content: string): MessageInput => ({ role: 'USER', content });

export function says(
  content: string,
  usage: readonly [number, number, number, number],
  more: Partial<MessageInput> = {},
): MessageInput {
  const [inputTokens, cacheReadTokens, outputTokens, costUsd] = usage;
  const tokens: TokenUsageInput = { inputTokens, cacheReadTokens, outputTokens, costUsd };
  return { role: 'ASSISTANT', content, model: MODELS.opus, usage: tokens, ...more };
}

export const call = (toolCallId: string, name: string, args: unknown) => ({
  toolCallId,
  name,
  arguments: args,
});
export const result = (toolCallId: string, name: string, content: string, isError = false): MessageInput => ({
  role: 'TOOL',
  toolCallId,
  name,
  content,
  isError,
});

/** Work of the kind that agents do all day: steps of reading, editing and testing. */
export function steps(count: number, about: string, model: string = MODELS.mini): MessageInput[] {
  return Array.from({ length: count }, (_, n) => [
    says(
      `${n % 3 === 0 ? `Next: ${about}, part ${n + 1}.` : ''}`,
      [9_000 + n * 120, 8_000 + n * 110, 240, 0.012],
      {
        model,
        toolCalls: [
          call(
            `step_${n}`,
            n % 2 ? 'bash' : 'read',
            n % 2 ? { command: `npm test -- part-${n}` } : { path: `src/part-${n}.ts` },
          ),
        ],
      },
    ),
    result(
      `step_${n}`,
      n % 2 ? 'bash' : 'read',
      n % 2 ? `✓ ${4 + n} tests passed` : `export const part${n} = () => {};\n`,
    ),
  ]).flat();
}
