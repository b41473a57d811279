import {
  ConflictError,
  type CreateSessionInput,
  SessionNotFoundError,
  type Sessiontree,
  type WriteHistoryInput,
  type WriteHistoryPayload,
} from '@sessiontree/client';
import type { UIMessage } from 'ai';
import {
  type ChatState,
  type KnownMessage,
  messageFingerprint,
  NO_CHAT,
  readState,
  revisionOf,
} from './chat-state.ts';
import { planMerge, planOverwrite, type SavedMessage, type SavePlan } from './plan-save.ts';
import { messageOf } from './ui-messages.ts';

/** What a chat is created with. */
export type NewChat = Pick<CreateSessionInput, 'agentName' | 'metadata' | 'project' | 'title' | 'userId'>;

/** What is saved of a chat. */
export interface SaveChatInput<Message extends UIMessage = UIMessage> {
  readonly chatId: string;
  /** All messages of the chat, the oldest first. */
  readonly messages: readonly Message[];
  /** What `readChat` read: from then on, the chat has these messages and no others, or the save is refused with a `ChatChangedError`. */
  readonly revision?: string;
}

/** A chat, and what to pass to `saveChat` to overwrite nothing else. */
export interface Chat<Message extends UIMessage = UIMessage> {
  readonly messages: Message[];
  readonly revision: string;
}

/** The chat has other messages than those of the `revision`: another writer has saved it. Nothing was saved. Read the chat again. */
export class ChatChangedError extends Error {
  override name = 'ChatChangedError';
  readonly chatId: string;

  constructor(chatId: string) {
    super(
      `Expected chat ${JSON.stringify(chatId)} as it was read, got other messages: another writer has saved it. Read it again, and save that.`,
    );
    this.chatId = chatId;
  }
}

/** Chats whose state is kept: beyond that, the one that was used least lately is read again when it is saved. */
const KNOWN_CHATS_MAX = 1_000;
/** The server's limit `messages`, and a size of messages as JSON that is below its limit `bodyBytes`. */
const BATCH = { messages: 1_000, units: 8 * 1024 * 1024 };
/** How often a save is planned anew after another writer was faster. */
const ATTEMPTS_MAX = 8;

/** Chats as sessions: the id of a chat is that of its session, and each `UIMessage` is a message of the history. */
export class Chats {
  readonly #client: Sessiontree;
  readonly #create: NewChat;
  readonly #states = new Map<string, ChatState>();
  /** The latest work on each chat that is under way: saves of one process keep their order. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(client: Sessiontree, create: NewChat) {
    this.#client = client;
    this.#create = create;
  }

  async create(chat: NewChat): Promise<string> {
    const { session } = await this.#client.sessions.create({ ...this.#create, ...chat });
    this.#remember(session.id, { ...NO_CHAT, version: session.version });
    return session.id;
  }

  async read(chatId: string): Promise<Chat> {
    const { state, messages } = await readState(this.#client, chatId);
    this.#remember(chatId, state);
    return { messages, revision: revisionOf(state) };
  }

  /** Resolves once the messages are stored. Saves of one chat are done one after the other. */
  save({ chatId, messages, revision }: SaveChatInput): Promise<void> {
    const saved = messages.map((message) => ({ ...messageFingerprint(message), message }));
    return this.#inOrder(chatId, async () => {
      for (let attempt = 1; ; attempt += 1) {
        const state = this.#states.get(chatId) ?? (await this.#readOrNone(chatId));
        if (revision !== undefined && revisionOf(state) !== revision) {
          if (!this.#states.delete(chatId) || attempt > 1) throw new ChatChangedError(chatId);
          continue;
        }
        const plan = revision === undefined ? planMerge(state, saved) : planOverwrite(state, saved);
        try {
          return await this.#write(chatId, state, plan, revision !== undefined);
        } catch (error) {
          this.#states.delete(chatId);
          const isOvertaken = error instanceof ConflictError && error.reason === 'VERSION';
          if (!isOvertaken || attempt >= ATTEMPTS_MAX) throw error;
        }
      }
    });
  }

  /** Sets what the session says of itself, and makes the session if there is none. */
  setStatus(chatId: string, status: Pick<WriteHistoryInput, 'status' | 'statusMessage'>): Promise<void> {
    return this.#inOrder(chatId, async () => {
      const payload = await this.#client.history.write({ ...this.#named(chatId), ...status });
      const state = this.#states.get(chatId);
      if (state) this.#follow(chatId, state, payload, state.messages, 0);
    });
  }

  async #write(chatId: string, state: ChatState, plan: SavePlan, isExact: boolean): Promise<void> {
    const { kept, changed, added, drop } = plan;
    const isSaved = state.version > 0 && changed.length + added.length === 0 && drop.keep === undefined;
    // An exact save must reach the server even without a change: only the server knows whether others have written.
    if (isSaved && !isExact) return;
    let before: ChatState = state;
    let first: Pick<WriteHistoryInput, 'keep' | 'expectedVersion'> = isExact
      ? { expectedVersion: state.version, ...drop }
      : drop;
    const forms = new Map(changed.map((message) => [message.id, message.fingerprint]));
    let known: KnownMessage[] = kept.map((one) => ({
      ...one,
      fingerprint: forms.get(one.id) ?? one.fingerprint,
    }));
    for (const batch of batchesOf([...changed, ...added])) {
      const payload = await this.#client.history.write({
        ...this.#named(chatId),
        ...first,
        messages: batch.map(({ message }) => messageOf(message)),
        onKey: 'REPLACE',
      });
      const places = payload.messages.map(({ position }) => position);
      const news = batch.flatMap(({ id, role, fingerprint }, at) =>
        forms.has(id) ? [] : [{ id, role, fingerprint, position: places[at]! }],
      );
      known = [...known, ...news];
      this.#follow(chatId, before, payload, known, news.length, first.keep ?? undefined);
      before = {
        version: payload.session.version,
        historyLength: payload.session.historyLength,
        messages: known,
      };
      first = {};
    }
  }

  /** Keeps what is known after a write, unless another writer has written in between: then the next save reads the chat again. */
  #follow(
    chatId: string,
    before: ChatState,
    { session }: WriteHistoryPayload,
    messages: readonly KnownMessage[],
    addedCount: number,
    keep = before.historyLength,
  ): void {
    const { version, historyLength } = session;
    const isAlone = version - before.version <= 1 && historyLength === keep + addedCount;
    if (isAlone) this.#remember(chatId, { version, historyLength, messages });
    else this.#states.delete(chatId);
  }

  #remember(chatId: string, state: ChatState): void {
    this.#states.delete(chatId);
    this.#states.set(chatId, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > KNOWN_CHATS_MAX && oldest !== undefined) this.#states.delete(oldest);
  }

  async #readOrNone(chatId: string): Promise<ChatState> {
    try {
      return (await readState(this.#client, chatId)).state;
    } catch (error) {
      if (error instanceof SessionNotFoundError) return NO_CHAT;
      throw error;
    }
  }

  /** Names the session of a write, and says what it is made of where there is none. */
  #named(sessionId: string): Pick<WriteHistoryInput, 'sessionId' | 'create' | 'ownerId'> {
    const { userId, ...create } = this.#create;
    return { sessionId, create, ...(userId != null && { ownerId: userId }) };
  }

  #inOrder<Result>(chatId: string, work: () => Promise<Result>): Promise<Result> {
    const result = (this.#queues.get(chatId) ?? Promise.resolve()).then(work, work);
    this.#queues.set(chatId, result);
    const forget = () => {
      if (this.#queues.get(chatId) === result) this.#queues.delete(chatId);
    };
    result.then(forget, forget);
    return result;
  }
}

/** The messages in as few requests as the limits of the server allow: one, unless a long chat is saved for the first time. */
function batchesOf(messages: readonly SavedMessage[]): SavedMessage[][] {
  const batches: SavedMessage[][] = [[]];
  let units = 0;
  for (const message of messages) {
    const size = JSON.stringify(message.message).length;
    const batch = batches.at(-1)!;
    if (batch.length > 0 && (batch.length === BATCH.messages || units + size > BATCH.units)) {
      batches.push([message]);
      units = size;
    } else {
      batch.push(message);
      units += size;
    }
  }
  return batches;
}
