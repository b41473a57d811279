import type { ExportedMessageRepositoryItem, ThreadMessage } from '@assistant-ui/react';
import type { TokenUsageInput } from '@sessiontree/client';
import type { ThreadEntry } from './thread-entries.ts';

/** The format of assistant-ui's own messages. */
export const THREAD_FORMAT = 'assistant-ui';

type Item = ExportedMessageRepositoryItem;

/** A message with what it was run with, as JSON: without the files of attachments, whose contents it has. */
export function contentOfItem({ message, runConfig }: Item): object {
  const attachments = message.attachments?.map(({ file: _, ...attachment }) => attachment);
  return { message: { ...message, ...(attachments && { attachments }) }, ...(runConfig && { runConfig }) };
}

/** The steps of a message are what was paid for. */
export function usageOfMessage({ metadata }: ThreadMessage): TokenUsageInput | undefined {
  const usages = (metadata.steps ?? []).flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return undefined;
  return {
    inputTokens: usages.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    outputTokens: usages.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
  };
}

/** The message of an entry. `content` is the text of a message of another program. */
export function itemOfEntry({ id, parentId, content: own, stored }: ThreadEntry, content: string): Item {
  if (own !== null) {
    const { message, runConfig } = own as Pick<Item, 'message' | 'runConfig'>;
    return { parentId, message: withDates(message), ...(runConfig && { runConfig }) };
  }
  const common = {
    id,
    createdAt: new Date(stored.createdAt),
    content: [{ type: 'text', text: content }],
  } as const;
  switch (stored.role) {
    case 'USER':
      return { parentId, message: { ...common, role: 'user', attachments: [], metadata: { custom: {} } } };
    case 'SYSTEM':
      return { parentId, message: { ...common, role: 'system', metadata: { custom: {} } } };
    default:
      return { parentId, message: { ...common, role: 'assistant', ...ANSWERED } };
  }
}

/** What assistant-ui keeps of an answer beside its content. */
const ANSWERED = {
  status: { type: 'complete', reason: 'unknown' },
  metadata: { unstable_state: null, unstable_annotations: [], unstable_data: [], steps: [], custom: {} },
} as const;

/** JSON has no dates: those of a message and of the messages in its tool calls are texts. */
function withDates(message: ThreadMessage): ThreadMessage {
  const content = message.content.map((part) =>
    part.type === 'tool-call' && part.messages ? { ...part, messages: part.messages.map(withDates) } : part,
  );
  return { ...message, content, createdAt: new Date(message.createdAt) } as ThreadMessage;
}
