import type { TokenUsage } from '@sessiontree/client';
import { z } from 'zod';

/** Tokens and money, as tools answer with them. */
export const usageOutput = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadTokens: z.number().describe('Of inputTokens.'),
  cacheWriteTokens: z.number().describe('Of inputTokens.'),
  reasoningTokens: z.number().describe('Of outputTokens.'),
  costUsd: z.number().nullable().describe('Null if no price is known.'),
});

/** `input tokens: 1,200 (800 from a cache), output tokens: 9, cost: $0.1000`. */
export function usageText({ inputTokens, outputTokens, cacheReadTokens, costUsd }: TokenUsage): string {
  const cached = cacheReadTokens > 0 ? ` (${counted(cacheReadTokens)} from a cache)` : '';
  const cost = costUsd === null ? 'unknown' : `$${costUsd.toFixed(4)}`;
  return `input tokens: ${counted(inputTokens)}${cached}, output tokens: ${counted(outputTokens)}, cost: ${cost}`;
}

function counted(tokens: number): string {
  return tokens.toLocaleString('en');
}
