import { addOptionalDecimals, subtractOptionalDecimals } from './decimal.ts';
import type { TokenUsage } from './message.ts';

/** The counts of a `TokenUsage`. */
export const TOKEN_COUNTS = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const;

/** A sum of usage, whose cost is decimal and exact; null if nothing has a cost. */
export interface UsageSum extends Omit<TokenUsage, 'costUsd'> {
  readonly costUsd: string | null;
}

export const NO_USAGE: TokenUsage = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
});

export const NO_USAGE_SUM: UsageSum = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
});

/** The members of `row` that are a sum of usage. */
export function usageIn(row: UsageSum): UsageSum {
  return {
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cacheReadTokens: row.cacheReadTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    reasoningTokens: row.reasoningTokens,
    costUsd: row.costUsd,
  };
}

/** The sum of both. Token counts stop at 2^53 - 1. */
export function plusUsage(sum: UsageSum, more: Partial<UsageSum>): UsageSum {
  return {
    inputTokens: plusTokens(sum.inputTokens, more.inputTokens),
    outputTokens: plusTokens(sum.outputTokens, more.outputTokens),
    cacheReadTokens: plusTokens(sum.cacheReadTokens, more.cacheReadTokens),
    cacheWriteTokens: plusTokens(sum.cacheWriteTokens, more.cacheWriteTokens),
    reasoningTokens: plusTokens(sum.reasoningTokens, more.reasoningTokens),
    costUsd: addOptionalDecimals(sum.costUsd, more.costUsd ?? null),
  };
}

/** `sum` without `less`, which is a part of it. What had a cost keeps one, be it 0. */
export function minusUsage(sum: UsageSum, less: Partial<UsageSum>): UsageSum {
  return {
    inputTokens: minusTokens(sum.inputTokens, less.inputTokens),
    outputTokens: minusTokens(sum.outputTokens, less.outputTokens),
    cacheReadTokens: minusTokens(sum.cacheReadTokens, less.cacheReadTokens),
    cacheWriteTokens: minusTokens(sum.cacheWriteTokens, less.cacheWriteTokens),
    reasoningTokens: minusTokens(sum.reasoningTokens, less.reasoningTokens),
    costUsd: subtractOptionalDecimals(sum.costUsd, less.costUsd ?? null),
  };
}

function minusTokens(sum: number, less = 0): number {
  return Math.max(sum - less, 0);
}

function plusTokens(sum: number, more = 0): number {
  return Math.min(sum + more, Number.MAX_SAFE_INTEGER);
}

/** A sum as clients see it: as for tokens, a cost too large for a number stays at the largest. */
export function usageOfSum(sum: UsageSum): TokenUsage {
  return {
    ...usageIn(sum),
    costUsd: sum.costUsd === null ? null : Math.min(Number(sum.costUsd), Number.MAX_VALUE),
  };
}
