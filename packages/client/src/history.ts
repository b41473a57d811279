import { createDraftWriter, type Draft, type DraftWriter, watchDrafts } from './drafts.ts';
import { HISTORY } from './generated/operations.ts';
import type {
  AppendMessagesInput,
  AppendMessagesPayload,
  HistoryArguments,
  Message,
  MessageInput,
  StreamMessageInput,
  TruncateHistoryInput,
  TruncateHistoryPayload,
  WriteHistoryInput,
  WriteHistoryPayload,
} from './generated/types.ts';
import type { LiveOptions } from './live.ts';
import { type BothWaysOptions, connectionPages, type Pages } from './pages.ts';
import { notFound } from './sessions.ts';
import type { RequestOptions, Transport } from './transport.ts';

/** Which messages of a history are listed, and how much of each. */
export interface ListHistoryOptions
  extends BothWaysOptions,
    Pick<HistoryArguments, 'roles' | 'createdAfter' | 'createdBefore' | 'fromPosition' | 'fromMessageId'> {
  /** Cuts each text to so many characters. Default: whole texts. */
  readonly maxContentLength?: number;
  /** Reads the `payload` of each message, too: it can be larger than all else. Default: false. */
  readonly withPayloads?: boolean;
}

/** The histories of sessions: `client.history`. */
export class History {
  readonly #transport: Transport;

  /** `new Sessiontree` makes one. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Appends one message or several, all or none. The answer has the id and the position of each.
   *
   * @example
   * const { messages } = await client.history.append('trip', [
   *   { role: 'USER', content: 'Where to in May?' },
   *   { role: 'ASSISTANT', content: 'Lisbon.', model: 'm-1', usage: { inputTokens: 12, outputTokens: 9 } },
   * ]);
   */
  append(
    sessionId: string,
    messages: MessageInput | readonly MessageInput[],
    input?: Omit<AppendMessagesInput, 'sessionId' | 'messages'>,
    options?: RequestOptions,
  ): Promise<AppendMessagesPayload> {
    const list = [messages].flat() as MessageInput[];
    return this.#transport.mutate('appendMessages', { ...input, sessionId, messages: list }, options);
  }

  /**
   * All that an agent's turn does to one session, in one step: makes the session if there is none, drops the end of its history, writes
   * messages, and changes title, status and metadata.
   *
   * @example
   * const { session, isNew } = await client.history.write({
   *   key: 'chat/42',
   *   create: { agentName: 'planner' },
   *   messages: [{ key: 'm1', role: 'USER', content: 'Where to in May?' }],
   *   onKey: 'REPLACE',
   *   status: 'RUNNING',
   * });
   */
  write(input: WriteHistoryInput, options?: RequestOptions): Promise<WriteHistoryPayload> {
    return this.#transport.mutate('writeHistory', input, options);
  }

  /**
   * The messages of a session, the oldest first. Rejects with a `SessionNotFoundError` if there is no such session.
   *
   * @example
   * for await (const { role, content } of client.history.list('trip')) console.log(role, content);
   * const latest = await client.history.list('trip', { reverse: true }).toArray(10);
   */
  list(sessionId: string, list: ListHistoryOptions = {}, options?: RequestOptions): Pages<Message> {
    const { pageSize, after, reverse, withPayloads, ...first } = list;
    // A place is where the first page begins. Further ones have a cursor.
    const { fromPosition, fromMessageId, ...further } = first;
    return connectionPages(list, async (page, cursor) => {
      const variables = { id: sessionId, ...(cursor === null ? first : further), ...page };
      const text: typeof HISTORY = withPayloads ? HISTORY.replace('nodes{', 'nodes{payload ') : HISTORY;
      const { session } = await this.#transport.data(text, variables, options);
      if (session === null) throw notFound(sessionId);
      return session.history;
    });
  }

  /**
   * Rolls a history back: keeps the first `keep` messages, and drops the others.
   *
   * @example
   * const { removedCount } = await client.history.truncate('trip', 1);
   */
  truncate(
    sessionId: string,
    keep: number,
    input?: Omit<TruncateHistoryInput, 'sessionId' | 'keep'>,
    options?: RequestOptions,
  ): Promise<TruncateHistoryPayload> {
    return this.#transport.mutate('truncateHistory', { ...input, sessionId, keep }, options);
  }

  /**
   * Shows what an agent is saying to whoever watches, while it is being said. Nothing of it is stored: write the message with the same
   * `key` in the end, which ends the draft. Nobody waits for what is written here, and what fails is told by `end`.
   *
   * @example
   * const draft = client.history.stream('trip', 'answer-1');
   * for (const word of ['Yes, ', 'it ', 'is.']) draft.write(word);
   * await client.history.append('trip', { key: 'answer-1', role: 'ASSISTANT', content: 'Yes, it is.' });
   */
  stream(
    sessionId: string,
    key: string,
    input?: Pick<StreamMessageInput, 'role'>,
    options?: RequestOptions,
  ): DraftWriter {
    return createDraftWriter(this.#transport, { ...input, sessionId, key }, options);
  }

  /**
   * What agents are saying in a session just now: each draft whenever something was added to it, with its `content` so far, and at its end
   * with the `message` that it became. Goes on by itself after a lost connection, until the signal is aborted. Throws what the server
   * refuses for good.
   *
   * @example
   * const drafts = client.history.watchMessages('trip', { signal: AbortSignal.timeout(1_000) });
   * for await (const { key, content, message } of drafts) console.log(key, message?.content ?? content);
   */
  watchMessages(sessionId: string, options: LiveOptions = {}): AsyncGenerator<Draft, void, undefined> {
    return watchDrafts(this.#transport, sessionId, options);
  }
}
