import type { TokenUsageInput } from '@sessiontree/client';
import { type JsonObject, objectOf } from './json.ts';

/** All counts of what a response cost. */
export type Usage = Record<Exclude<keyof TokenUsageInput, 'costUsd'>, number>;

/** What a response cost, as its message says. The API counts cached tokens beside the input, the store as a part of the input. */
export function usageOf(usage: JsonObject): Usage | null {
  const count = (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
  if (!Number.isSafeInteger(usage.input_tokens) && !Number.isSafeInteger(usage.output_tokens)) return null;
  const cacheReadTokens = count(usage.cache_read_input_tokens);
  const cacheWriteTokens = count(usage.cache_creation_input_tokens);
  return {
    inputTokens: count(usage.input_tokens) + cacheReadTokens + cacheWriteTokens,
    outputTokens: count(usage.output_tokens),
    cacheReadTokens,
    cacheWriteTokens,
    reasoningTokens: count(objectOf(usage.output_tokens_details).thinking_tokens),
  };
}

/** What a response cost beyond what is recorded of it; null if nothing. */
export function usageBeyond(usage: Usage | null, recorded: Usage | null): Usage | null {
  if (usage === null || recorded === null) return usage;
  const more = Object.entries(usage).map(
    ([name, count]) => [name, Math.max(0, count - recorded[name as keyof Usage])] as const,
  );
  return more.some(([, count]) => count > 0) ? (Object.fromEntries(more) as Usage) : null;
}
