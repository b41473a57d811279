import type { AgentInputItem, AgentOutputItem, ModelResponse } from '@openai/agents';
import { RequestUsage, setTracingDisabled, Usage } from '@openai/agents';
import type { Message, Sessiontree } from '@sessiontree/client';

// The SDK sends traces to its vendor otherwise.
setTracingDisabled(true);

export function user(content: string): AgentInputItem {
  return { type: 'message', role: 'user', content };
}

/** User messages with these texts. */
export function users(...contents: string[]): AgentInputItem[] {
  return contents.map(user);
}

/** A response of a model that cost `inputTokens` and 1 more. */
export function response(inputTokens: number, ...output: AgentOutputItem[]): ModelResponse {
  const counts = { inputTokens, outputTokens: 1, totalTokens: inputTokens + 1 };
  const details = { inputTokensDetails: { cached_tokens: 1 }, outputTokensDetails: {} };
  const usage = new Usage({
    requests: 1,
    ...counts,
    requestUsageEntries: [new RequestUsage({ ...counts, ...details })],
  });
  return { usage, output };
}

/** What a promise was rejected with. Throws if it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`Expected a rejection, got ${JSON.stringify(outcome.value)}`);
}

/** The messages of the session with a key. */
export async function messagesOf(client: Sessiontree, key: string, ownerId?: string): Promise<Message[]> {
  const session = await client.sessions.get({ key, ownerId });
  return client.history.list(session!.id, { withPayloads: true }).toArray();
}

/** The text of each item, for short. */
export function textsOf(items: readonly AgentInputItem[]): string[] {
  return items.map((item) => {
    if (!('content' in item)) return String(item.type);
    if (typeof item.content === 'string') return item.content;
    return item.content.map((part) => ('text' in part ? part.text : part.type)).join('');
  });
}
