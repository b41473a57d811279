import type { UsageSum } from '../../../model/usage.ts';
import type { SummedColumn } from './subtree-sums.ts';

/** The columns of sums of usage, in `sessions` and in `usage`. A row that is no sum has none of them. */
export interface UsageSumColumns {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cache_write_tokens: number;
  readonly reasoning_tokens: number;
  readonly cost_usd: string | null;
  readonly priced_count: number;
}

const COUNTS = [
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'priced_count',
] as const;

/** Adds up the usage of `table`. */
export function usageColumns(table: string): Record<keyof UsageSumColumns, SummedColumn> {
  const counts = COUNTS.map(
    (name) => [name, { type: 'int8', value: `coalesce(${table}.${name}, 0)` }] as const,
  );
  return {
    ...(Object.fromEntries(counts) as Record<(typeof COUNTS)[number], SummedColumn>),
    cost_usd: { type: 'numeric', value: `${table}.cost_usd`, sum: (column) => `sum(${column})` },
  };
}

/** The sum of usage in a row. Without a message that has a cost, there is none, which is not 0. */
export function usageOfRow(row: UsageSumColumns): UsageSum {
  return {
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    reasoningTokens: row.reasoning_tokens,
    costUsd: row.priced_count === 0 && row.cost_usd === '0' ? null : row.cost_usd,
    pricedCount: row.priced_count,
  };
}

/** The columns of a sum of usage. */
export function sumColumns(sum: UsageSum): UsageSumColumns {
  return {
    input_tokens: sum.inputTokens,
    output_tokens: sum.outputTokens,
    cache_read_tokens: sum.cacheReadTokens,
    cache_write_tokens: sum.cacheWriteTokens,
    reasoning_tokens: sum.reasoningTokens,
    cost_usd: sum.costUsd,
    priced_count: sum.pricedCount,
  };
}
