import type {
  ExportedMessageRepositoryItem,
  GenericThreadHistoryAdapter,
  MessageFormatAdapter,
  MessageFormatItem,
  ThreadHistoryAdapter,
} from '@assistant-ui/react';
import type { MessageInput, Sessiontree } from '@sessiontree/client';
import { readContents, readHistory, type StoredMessage } from './read-history.ts';
import { type DescribedMessage, entriesOf, inputOfDeleted, inputOfEntry } from './thread-entries.ts';
import { contentOfItem, itemOfEntry, THREAD_FORMAT, usageOfMessage } from './thread-messages.ts';

/** What is needed of `aui.threadListItem`. */
export interface ThreadListItem {
  getState(): { readonly remoteId?: string | undefined };
  /** Creates the session of the thread, unless there is one. */
  initialize(): Promise<{ readonly remoteId: string }>;
}

/** The adapter with all of its methods. */
export type HistoryAdapter = ThreadHistoryAdapter &
  Required<Pick<ThreadHistoryAdapter, 'update' | 'delete' | 'withFormat'>>;

/**
 * The messages of a thread of assistant-ui in its session, with all branches: each write is one request, and the order of the history is that in
 * which they came. `threadListItem` is asked each time: `() => aui.threadListItem`. All methods reject with a `SessiontreeError` of
 * `@sessiontree/client`.
 *
 * @example
 * const history = createThreadHistoryAdapter(client, () => aui.threadListItem);
 */
export function createThreadHistoryAdapter(
  client: Sessiontree,
  threadListItem: () => ThreadListItem,
): HistoryAdapter {
  const store = (item: ExportedMessageRepositoryItem) => write(client, threadListItem(), [inputOf(item)]);
  return {
    async load() {
      const stored = await readThread(client, threadListItem());
      const entries = entriesOf(stored, THREAD_FORMAT, true);
      const others = entries.filter(({ content }) => content === null);
      const contents = await readContents(
        client,
        others.map(({ stored }) => stored),
      );
      const messages = entries.flatMap((entry) => itemOfEntry(entry, contents.get(entry.stored.id) ?? ''));
      return { headId: messages.at(-1)?.message.id ?? null, messages };
    },
    append: store,
    update: store,
    async delete(items) {
      const inputs = items.map(({ message, parentId }) =>
        inputOfDeleted(message.id, THREAD_FORMAT, parentId),
      );
      await write(client, threadListItem(), inputs);
    },
    withFormat: (format) => createFormatted(client, threadListItem, format),
  };
}

/** As `createThreadHistoryAdapter`, for messages in the format of another runtime. */
function createFormatted<Message, Stored extends Record<string, unknown>>(
  client: Sessiontree,
  threadListItem: () => ThreadListItem,
  { format, encode, decode, getId }: MessageFormatAdapter<Message, Stored>,
): GenericThreadHistoryAdapter<Message> {
  let pinned: ThreadListItem | undefined;
  const thread = () => pinned ?? threadListItem();
  const store = (item: MessageFormatItem<Message>) => {
    const content = encode(item);
    // An encoded message can lack its role, and the message itself its parts.
    const described = { ...(item.message as DescribedMessage), ...content };
    const input = inputOfEntry(getId(item.message), described, { format, parentId: item.parentId, content });
    return write(client, thread(), [input]);
  };
  return {
    pin() {
      pinned = threadListItem();
    },
    async load() {
      const entries = entriesOf(await readThread(client, thread()), format, false);
      const messages = entries.map(({ id, parentId, content }) =>
        decode({ id, parent_id: parentId, format, content: content as Stored }),
      );
      return { headId: entries.at(-1)?.id ?? null, messages };
    },
    append: store,
    update: store,
    async delete(items) {
      const inputs = items.map((item) => inputOfDeleted(getId(item.message), format, item.parentId));
      await write(client, thread(), inputs);
    },
  };
}

function inputOf(item: ExportedMessageRepositoryItem): MessageInput {
  const { message, parentId } = item;
  const usage = usageOfMessage(message);
  return {
    ...inputOfEntry(message.id, message, { format: THREAD_FORMAT, parentId, content: contentOfItem(item) }),
    ...(usage && { usage }),
  };
}

/** A thread that has no session has no messages. */
async function readThread(client: Sessiontree, thread: ThreadListItem): Promise<readonly StoredMessage[]> {
  const { remoteId } = thread.getState();
  return remoteId === undefined ? [] : (await readHistory(client, remoteId)).messages;
}

async function write(
  client: Sessiontree,
  thread: ThreadListItem,
  messages: readonly MessageInput[],
): Promise<void> {
  if (messages.length === 0) return;
  const { remoteId: sessionId } = await thread.initialize();
  await client.history.write({ sessionId, messages, onKey: 'REPLACE' });
}
