import type { JsonObject } from '../../model/json.ts';
import type { NewTokenUsage } from '../../model/message.ts';
import { countIn, numberIn, objectIn, orNull, without } from '../source-json.ts';

/** Codex counts as the store does: cached tokens are a part of the input, reasoning is a part of the output. */
export function usageOf(counts: JsonObject): NewTokenUsage {
  const inputTokens = countIn(counts.input_tokens);
  const outputTokens = countIn(counts.output_tokens);
  const cacheReadTokens = Math.min(countIn(counts.cached_input_tokens), inputTokens);
  return {
    inputTokens,
    outputTokens,
    cacheReadTokens,
    cacheWriteTokens: Math.min(countIn(counts.cache_write_input_tokens), inputTokens - cacheReadTokens),
    reasoningTokens: Math.min(countIn(counts.reasoning_output_tokens), outputTokens),
  };
}

const COUNTS = [
  'input_tokens',
  'cached_input_tokens',
  'cache_write_input_tokens',
  'output_tokens',
  'reasoning_output_tokens',
] as const;

/**
 * What the difference between two totals of a session counts. A total can begin again at 0 within a file: then the whole of it counts.
 */
export function usageBetween(before: JsonObject | null, total: JsonObject): NewTokenUsage {
  const isReset = COUNTS.some((name) => countIn(total[name]) < countIn(before?.[name]));
  if (!before || isReset) return usageOf(total);
  return usageOf(
    Object.fromEntries(COUNTS.map((name) => [name, countIn(total[name]) - countIn(before[name])])),
  );
}

/** Sums, which the store makes itself. */
const SUMS = ['total_token_usage', 'turn_token_usage', 'thread_token_usage'];

/** The sums in what a line says of usage, and what it says besides, without the counts. */
export function besideUsage(said: JsonObject, name: string): { sums: string[]; rest: JsonObject } {
  const counts = objectIn(said[name]);
  const counted = [...COUNTS, 'total_tokens'].filter((count) => numberIn(counts?.[count]) !== null);
  const uncounted = counts && orNull(without(counts, counted));
  const sums = SUMS.filter((sum) => objectIn(said[sum]));
  return {
    sums,
    rest: { ...without(said, counts ? [...sums, name] : sums), ...(uncounted && { [name]: uncounted }) },
  };
}
