import { addOptionalDecimals, negated } from './decimal.ts';
import type { TokenUsage } from './message.ts';

/** The counts of a `TokenUsage`. */
export const TOKEN_COUNTS = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const;

/**
 * A sum of the usage of messages. Token counts stop at 2^53 - 1. What was taken back is negative in a sum of changes, never in a sum of
 * messages.
 */
export interface UsageSum extends Omit<TokenUsage, 'costUsd'> {
  /** Decimal and exact; null if no message has a cost. */
  readonly costUsd: string | null;
  /** The number of messages that have a cost: once all of them are taken back, there is none, which is not 0. */
  readonly pricedCount: number;
}

export const NO_USAGE: TokenUsage = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
});

/** The sum of no messages. */
export const ZERO_USAGE: UsageSum = Object.freeze({ ...NO_USAGE, costUsd: null, pricedCount: 0 });

/** The members of `row` that are a sum of usage. */
export function usageIn(row: UsageSum): UsageSum {
  return {
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cacheReadTokens: row.cacheReadTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    reasoningTokens: row.reasoningTokens,
    costUsd: row.costUsd,
    pricedCount: row.pricedCount,
  };
}

/** The sum of both, of which either may be negative. */
export function plusUsage(sum: UsageSum, more: UsageSum): UsageSum {
  const pricedCount = sum.pricedCount + more.pricedCount;
  const costUsd = addOptionalDecimals(sum.costUsd, more.costUsd);
  return {
    inputTokens: plusTokens(sum.inputTokens, more.inputTokens),
    outputTokens: plusTokens(sum.outputTokens, more.outputTokens),
    cacheReadTokens: plusTokens(sum.cacheReadTokens, more.cacheReadTokens),
    cacheWriteTokens: plusTokens(sum.cacheWriteTokens, more.cacheWriteTokens),
    reasoningTokens: plusTokens(sum.reasoningTokens, more.reasoningTokens),
    costUsd: pricedCount === 0 && costUsd === '0' ? null : costUsd,
    pricedCount,
  };
}

/** What takes `usage` back when it is added. */
export function minusUsage(usage: UsageSum): UsageSum {
  return {
    // Not `-`: there would be a -0.
    inputTokens: 0 - usage.inputTokens,
    outputTokens: 0 - usage.outputTokens,
    cacheReadTokens: 0 - usage.cacheReadTokens,
    cacheWriteTokens: 0 - usage.cacheWriteTokens,
    reasoningTokens: 0 - usage.reasoningTokens,
    costUsd: usage.costUsd === null ? null : negated(usage.costUsd),
    pricedCount: 0 - usage.pricedCount,
  };
}

/** True if nothing is left of a sum. */
export function isNoUsage(sum: UsageSum): boolean {
  return sum.pricedCount === 0 && sum.costUsd === null && TOKEN_COUNTS.every((count) => sum[count] === 0);
}

/** The sum of two counts of tokens, at most 2^53 - 1. */
export function plusTokens(sum: number, more: number): number {
  return Math.min(sum + more, Number.MAX_SAFE_INTEGER);
}

/** A sum of which nothing is below 0, though the line that says what was taken back later may be damaged. */
export function atLeastZero(sum: UsageSum): UsageSum {
  const { costUsd } = sum;
  return plusUsage(ZERO_USAGE, {
    inputTokens: Math.max(sum.inputTokens, 0),
    outputTokens: Math.max(sum.outputTokens, 0),
    cacheReadTokens: Math.max(sum.cacheReadTokens, 0),
    cacheWriteTokens: Math.max(sum.cacheWriteTokens, 0),
    reasoningTokens: Math.max(sum.reasoningTokens, 0),
    costUsd: costUsd?.startsWith('-') ? '0' : costUsd,
    pricedCount: Math.max(sum.pricedCount, 0),
  });
}

/**
 * A sum as clients see it: as for tokens, a cost too large for a number stays at the largest. Nothing is below 0, though the line that
 * says what was taken back later may be damaged.
 */
export function usageOfSum(sum: UsageSum): TokenUsage {
  return {
    inputTokens: Math.max(sum.inputTokens, 0),
    outputTokens: Math.max(sum.outputTokens, 0),
    cacheReadTokens: Math.max(sum.cacheReadTokens, 0),
    cacheWriteTokens: Math.max(sum.cacheWriteTokens, 0),
    reasoningTokens: Math.max(sum.reasoningTokens, 0),
    costUsd: sum.costUsd === null ? null : Math.max(0, Math.min(Number(sum.costUsd), Number.MAX_VALUE)),
  };
}

/** The sum of both, for a reader: a cost has the digits of a number. Of sums of usage, `plusUsage` adds exactly. */
export function addUsage(one: TokenUsage, other: TokenUsage): TokenUsage {
  const isUnknown = one.costUsd === null && other.costUsd === null;
  return {
    inputTokens: plusTokens(one.inputTokens, other.inputTokens),
    outputTokens: plusTokens(one.outputTokens, other.outputTokens),
    cacheReadTokens: plusTokens(one.cacheReadTokens, other.cacheReadTokens),
    cacheWriteTokens: plusTokens(one.cacheWriteTokens, other.cacheWriteTokens),
    reasoningTokens: plusTokens(one.reasoningTokens, other.reasoningTokens),
    // Rounded to what a double has in exact digits: 0.1 + 0.2 is 0.3.
    costUsd: isUnknown ? null : Number(((one.costUsd ?? 0) + (other.costUsd ?? 0)).toPrecision(15)),
  };
}
