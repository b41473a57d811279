import type { NewTokenUsage } from '../../src/model/message.ts';

/** A sum of usage, in integers, so that it is exact. */
export interface Paid {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly microUsd: number;
}

export const NOTHING_PAID: Paid = { inputTokens: 0, outputTokens: 0, microUsd: 0 };

/** What a message, or all of a session, was paid. Loads give costs in whole millionths of a dollar. */
export function paidIn(usage: NewTokenUsage | null | undefined): Paid {
  if (!usage) return NOTHING_PAID;
  const { inputTokens, outputTokens, costUsd } = usage;
  return { inputTokens, outputTokens, microUsd: Math.round((costUsd ?? 0) * 1_000_000) };
}

export function plusPaid(sum: Paid, more: Paid, sign: 1 | -1 = 1): Paid {
  return {
    inputTokens: sum.inputTokens + sign * more.inputTokens,
    outputTokens: sum.outputTokens + sign * more.outputTokens,
    microUsd: sum.microUsd + sign * more.microUsd,
  };
}
