import type { AllTokensFragment } from '../generated/operations.ts';

/** What some responses cost together. */
export interface TokensRow {
  readonly key: string;
  readonly name: string;
  readonly responseCount: number;
  readonly usage: AllTokensFragment;
}

/** All of some rows in one. The cost is null where none has one. */
export function sumOf(name: string, rows: readonly TokensRow[]): TokensRow {
  const usage = { ...NO_TOKENS };
  let responseCount = 0;
  for (const row of rows) {
    responseCount += row.responseCount;
    usage.inputTokens += row.usage.inputTokens;
    usage.outputTokens += row.usage.outputTokens;
    usage.cacheReadTokens += row.usage.cacheReadTokens;
    usage.cacheWriteTokens += row.usage.cacheWriteTokens;
    usage.reasoningTokens += row.usage.reasoningTokens;
    if (row.usage.costUsd !== null) usage.costUsd = (usage.costUsd ?? 0) + row.usage.costUsd;
  }
  return { key: name, name, responseCount, usage };
}

export const NO_TOKENS: AllTokensFragment = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costUsd: null,
};
