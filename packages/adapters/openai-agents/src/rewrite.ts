import type { SessionHistoryMutation } from '@openai/agents';
import type { MessageInput } from '@sessiontree/client';
import { itemOf, toMessage } from './items.ts';
import type { Line, StoredHistory } from './requests.ts';

/** What takes the place of the end of a history. */
export interface Rewrite {
  readonly history: StoredHistory;
  /** How many messages stay. */
  readonly keep: number;
  readonly messages: MessageInput[];
}

/**
 * The ends of histories that change if another function call takes the place of the first one of the conversation with its `callId`, and further
 * ones are dropped. Histories that stay as they are have none.
 */
export function rewritesOf(
  conversation: readonly Line[],
  mutations: readonly SessionHistoryMutation[],
): readonly Rewrite[] {
  const rewrites = new Map<StoredHistory, Rewrite>();
  const replacements = new Map(mutations.map(({ callId, replacement }) => [callId, replacement]));
  const done = new Set<string>();
  for (const { history, message } of conversation) {
    const item = itemOf(message);
    const callId = item.type === 'function_call' ? item.callId : undefined;
    const replacement = callId === undefined ? undefined : replacements.get(callId);
    if (replacement && !rewrites.has(history))
      rewrites.set(history, { history, keep: message.position, messages: [] });
    const rewrite = rewrites.get(history);
    if (!rewrite || (replacement && done.has(callId!))) continue;
    if (replacement) done.add(callId!);
    // What was paid for stays in the sums though the message is dropped: the message that replaces it has no usage.
    const { createdAt, model, metadata } = message;
    rewrite.messages.push({ ...toMessage(replacement ?? item), createdAt, model, metadata });
  }
  return [...rewrites.values()];
}
