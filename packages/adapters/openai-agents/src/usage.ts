import type { RunContext } from '@openai/agents';
import type { MessageInput, TokenUsageInput } from '@sessiontree/client';
import { isOutput } from './items.ts';

type Usage = RunContext['usage'];
type RequestUsage = NonNullable<Usage['requestUsageEntries']>[number];

/** Which requests to models are in a message already, by their index. A run and the agents in its tools share a `Usage`. */
const counted = new WeakMap<Usage, Set<number>>();

/** The usage of a list of messages, taken from that of their run. */
export interface Claim {
  /** The messages, those with usage that end a response of the model. */
  readonly messages: readonly MessageInput[];
  /** Gives the usage back: the messages were not written. */
  release(): void;
}

/** Finds out which requests to models wrote the messages of one session. */
export class UsageMeter {
  /** How many requests a run had made when it first read the session. */
  readonly #before = new WeakMap<Usage, number>();

  /** Call when a run reads the session: the requests before are those of others. */
  begin({ usage }: RunContext): void {
    if (!this.#before.has(usage)) this.#before.set(usage, entriesOf(usage).length);
  }

  /**
   * Gives each response its request, in order. If there are more requests or fewer than responses, because other agents ran in the tools of this
   * one, the last response has the sum. Input alone takes nothing.
   */
  claim({ usage }: RunContext, messages: readonly MessageInput[]): Claim {
    const ends = responseEnds(messages);
    const indexes = ends.length > 0 ? this.#free(usage, ends.length) : [];
    const taken = setOf(usage);
    for (const index of indexes) taken.add(index);
    const usages = indexes.map((index) => toTokenUsage(entriesOf(usage)[index]!));
    const byMessage = new Map<number, TokenUsageInput>();
    if (usages.length === ends.length) ends.forEach((end, n) => void byMessage.set(end, usages[n]!));
    else if (usages.length > 0) byMessage.set(ends.at(-1)!, usages.reduce(add));
    return {
      messages: messages.map((message, index) => ({ ...message, usage: byMessage.get(index) })),
      release: () => indexes.forEach((index) => void taken.delete(index)),
    };
  }

  /** The indexes of requests that are in no message. Of a run that did not read the session: at most the last `count`. */
  #free(usage: Usage, count: number): number[] {
    const entries = entriesOf(usage);
    const first = this.#before.get(usage) ?? Math.max(entries.length - count, 0);
    const taken = setOf(usage);
    return [...entries.keys()].filter((index) => index >= first && !taken.has(index));
  }
}

function setOf(usage: Usage): Set<number> {
  const existing = counted.get(usage) ?? new Set();
  counted.set(usage, existing);
  return existing;
}

function entriesOf(usage: Usage): readonly RequestUsage[] {
  return usage.requestUsageEntries ?? [];
}

/** The indexes of the last messages of the model's responses: the results of tools are between them. */
function responseEnds(messages: readonly MessageInput[]): number[] {
  return [...messages.keys()].filter((index) => {
    const next = messages[index + 1];
    return isOutput(messages[index]!) && (next === undefined || !isOutput(next));
  });
}

function toTokenUsage(entry: RequestUsage): TokenUsageInput {
  return {
    inputTokens: count(entry.inputTokens),
    outputTokens: count(entry.outputTokens),
    cacheReadTokens: count(entry.inputTokensDetails?.cached_tokens),
    cacheWriteTokens: count(entry.inputTokensDetails?.cache_write_tokens),
    reasoningTokens: count(entry.outputTokensDetails?.reasoning_tokens),
  };
}

/** Models of other providers may leave out what the SDK's types promise. */
function count(tokens: unknown): number {
  return Number.isSafeInteger(tokens) && (tokens as number) > 0 ? (tokens as number) : 0;
}

function add(a: TokenUsageInput, b: TokenUsageInput): TokenUsageInput {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cacheReadTokens: a.cacheReadTokens! + b.cacheReadTokens!,
    cacheWriteTokens: a.cacheWriteTokens! + b.cacheWriteTokens!,
    reasoningTokens: a.reasoningTokens! + b.reasoningTokens!,
  };
}
