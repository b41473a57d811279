import type {
  AgentInputItem,
  RunContext,
  RunContextAwareSession,
  SessionHistoryRewriteArgs,
  SessionHistoryRewriteAwareSession,
  SessionHistoryTransactionArgs,
  SessionHistoryTransactionAwareSession,
} from '@openai/agents';
import {
  type CreateIfMissingInput,
  type MessageInput,
  SessionNotFoundError,
  type Sessiontree,
  type WriteHistoryInput,
} from '@sessiontree/client';
import { digest } from './digest.ts';
import { itemOf, toMessage } from './items.ts';
import {
  isOutdated,
  type Line,
  linesOf,
  type Place,
  popMessage,
  readHistory,
  type StoredHistory,
  suffixConflict,
} from './requests.ts';
import { rewritesOf } from './rewrite.ts';
import { latestOf, Tail } from './tail.ts';
import { UsageMeter } from './usage.ts';

/** Which session it is, and what it is made of where there is none. */
export interface SessiontreeSessionOptions {
  /** The program's own name for the conversation: one session has it among those of `ownerId`. Default: a random UUID. */
  readonly key?: string;
  /** The user whom the tree belongs to. Default: nobody, or the user of the client's token. */
  readonly ownerId?: string;
  /** The title of a new session. */
  readonly title?: string;
  /** The agent that the session belongs to. */
  readonly agentName?: string;
  /** What searches and reports group by, for example a directory. */
  readonly project?: string;
  /** A JSON object for the program's own use, of at most 256 KiB. */
  readonly metadata?: Record<string, unknown>;
  /** The model of messages whose item does not name one. */
  readonly model?: string;
}

/** What a child is, beside its parent. */
export interface ChildOptions extends Omit<SessiontreeSessionOptions, 'ownerId'> {
  /** The tool call of the parent that the child works on. */
  readonly toolCallId?: string;
}

interface Origin {
  readonly parent?: SessiontreeSession;
  readonly toolCallId?: string;
}

/**
 * A `Session` of the OpenAI Agents SDK in a Sessiontree. The session is made by the first write. Each call is one request, and one change that is
 * made as a whole or not at all; reading takes a request for each 1,000 items. Rejects with the errors of the client.
 *
 * @example
 * const session = new SessiontreeSession(new Sessiontree('http://localhost:4000/graphql'), { key: 'chat/42' });
 * await run(agent, 'Where to in May?', { session });
 */
export class SessiontreeSession
  implements RunContextAwareSession, SessionHistoryRewriteAwareSession, SessionHistoryTransactionAwareSession
{
  /** Asks the runner for its context, which counts tokens. */
  readonly acceptsRunContext = true;
  /** The client that sends the requests. */
  readonly client: Sessiontree;
  /** The program's own name for the conversation: the given one, or a random UUID. */
  readonly key: string;
  /** The user whom the tree belongs to; undefined for nobody, or the user of the client's token. */
  readonly ownerId: string | undefined;
  readonly #create: CreateIfMissingInput;
  readonly #model: string | undefined;
  readonly #parent: SessiontreeSession | undefined;
  readonly #tail = new Tail();
  readonly #meter = new UsageMeter();

  /** `origin` is for `child`. */
  constructor(client: Sessiontree, options: SessiontreeSessionOptions = {}, origin: Origin = {}) {
    const { key = crypto.randomUUID(), ownerId, model, ...create } = options;
    const { parent, toolCallId } = origin;
    this.client = client;
    this.key = key;
    this.ownerId = ownerId;
    this.#model = model;
    this.#parent = parent;
    const spawnedBy = toolCallId === undefined ? undefined : { toolCallId };
    this.#create = { ...create, parentKey: parent?.key, spawnedBy };
  }

  /** A session beneath this one, of the same owner: made by its first write, too. */
  child({ toolCallId, ...options }: ChildOptions = {}): SessiontreeSession {
    const key = options.key ?? `${this.key}/${crypto.randomUUID()}`;
    const described = { ...options, key, ownerId: this.ownerId };
    return new SessiontreeSession(this.client, described, { parent: this, toolCallId });
  }

  /** Makes the session if there is none. Rejects with a `ConflictError` if `isNew` and there is one. */
  async open({ isNew = false } = {}): Promise<void> {
    await this.write({ expectedVersion: isNew ? 0 : undefined });
  }

  /** The `key`. */
  async getSessionId(): Promise<string> {
    return this.key;
  }

  /** The latest `limit` items, or all, oldest first; none if there is no session yet. */
  async getItems(limit?: number, runContext?: RunContext): Promise<AgentInputItem[]> {
    if (runContext) this.#meter.begin(runContext);
    if (limit !== undefined && limit <= 0) return [];
    return (await this.conversation(limit)).map(({ message }) => itemOf(message));
  }

  /** Appends all items or none. */
  async addItems(items: AgentInputItem[], runContext?: RunContext): Promise<void> {
    if (items.length === 0) return;
    await this.withUsage(items, runContext, (messages) => this.write({ messages }));
  }

  /** Drops the latest item, and answers with it: each of many calls at once with an item of its own. */
  async popItem(): Promise<AgentInputItem | undefined> {
    const before = this.#tail.seen;
    const popped = await popMessage(this.client, this.place);
    if (popped === null) return undefined;
    const { id: sessionId, version, message } = popped;
    this.#tail.wrote(before, { sessionId, version, removedCount: 1, items: [] });
    return itemOf(message);
  }

  /** Drops all items. The session stays, and what its items cost. */
  async clearSession(): Promise<void> {
    await this.#writeExisting({ keep: 0 }).catch((error: unknown) => {
      if (!(error instanceof SessionNotFoundError)) throw error;
    });
  }

  /** Replaces all items by a compaction and what follows it. */
  async replaceHistoryWithCompaction(items: AgentInputItem[], runContext?: RunContext): Promise<void> {
    await this.withUsage(items, runContext, (messages) => this.write({ keep: 0, messages }));
  }

  /**
   * Appends items, or replaces the latest ones if they are still the expected ones. With the same `operationId` and transaction again, answers as
   * the first time; rejects with a `ConflictError`, and changes nothing, if the transaction is another one or the items are not the expected ones.
   *
   * One request; one or two more if this object has not seen the latest version of the session, and two more if there is no session yet.
   */
  async applyHistoryTransaction({ operationId, transaction }: SessionHistoryTransactionArgs): Promise<void> {
    const [expected, items] =
      transaction.type === 'append_items'
        ? [[], transaction.items]
        : [transaction.expectedSuffix, transaction.replacement];
    // Only what the items say: after a restart, with other options and the usage of another run, it is to be the same transaction.
    const messages = items.map((item) => toMessage(item));
    const suffix = expected.map((item) => toMessage(item).payload);
    const operation = await this.#operationId(operationId);
    if (suffix.length > 0) return this.#replaceSuffix(suffix, messages, operation);
    const input = { messages, operationId: operation };
    if (await this.#tryWrite(input)) return;
    await this.open();
    await this.#writeExisting(input);
  }

  /**
   * Puts another function call in the place of the first one with the `callId`, and drops further ones. Two requests, or one if there is no such
   * call. Again if others write meanwhile.
   */
  async applyHistoryMutations({ mutations }: SessionHistoryRewriteArgs): Promise<void> {
    for (let isDone = false; !isDone; ) {
      isDone = true;
      for (const { history, keep, messages } of rewritesOf(await this.conversation(), mutations)) {
        const { id: sessionId, version: expectedVersion } = history;
        if (!(await this.#tryWrite({ sessionId, keep, messages, expectedVersion }))) isDone = false;
      }
    }
  }

  /**
   * Writes as `history.write` of the client does, to this session: for what the SDK's interface has no method for, such as a status. Makes the
   * session if there is none, and its parent.
   */
  async write(input: Omit<WriteHistoryInput, 'key'>): Promise<void> {
    const whole = { ...input, create: this.#create };
    await this.#writeExisting(whole).catch(async (error: unknown) => {
      if (!(error instanceof SessionNotFoundError) || !this.#parent) throw error;
      await this.#parent.open();
      await this.#writeExisting(whole);
    });
  }

  /** How requests name the session. @internal */
  protected get place(): Place {
    return { key: this.key, ownerId: this.ownerId };
  }

  /** The messages whose items the runner reads. @internal */
  protected async conversation(limit?: number): Promise<readonly Line[]> {
    return linesOf(await this.read(limit));
  }

  /** The latest `limit` messages, or all; null if there is no session. Remembers at least `remembered` of them. @internal */
  protected async read(limit?: number, remembered = 0): Promise<StoredHistory | null> {
    const history = await readHistory(this.client, this.place, limit);
    if (history === null) return null;
    const latest = latestOf(history.messages, remembered).map(({ payload }) => payload);
    this.#tail.read(history.id, history.version, latest);
    return history;
  }

  /** Calls `write` with the items as messages that have the usage of the run. If that fails, the usage is left to the next call. */
  protected async withUsage(
    items: readonly AgentInputItem[],
    runContext: RunContext | undefined,
    write: (messages: readonly MessageInput[]) => Promise<void>,
  ): Promise<void> {
    const messages = items.map((item) => toMessage(item, this.#model));
    if (!runContext) return write(messages);
    const claim = this.#meter.claim(runContext, messages);
    try {
      await write(claim.messages);
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  async #writeExisting(input: Omit<WriteHistoryInput, 'key'>): Promise<void> {
    const before = this.#tail.seen;
    const named = input.sessionId == null ? { ...this.place, ...input } : input;
    const { session, messages, removedCount } = await this.client.history.write(named);
    const items = (input.messages ?? []).map(({ payload }) => payload);
    const last = messages.at(-1);
    // The answer to a retry has the messages of the first time, and the session as it is now: others may have written since.
    const isEnd = last?.position === session.historyLength - 1 && last.createdAt === session.lastActiveAt;
    const isOwn = session.key === this.key;
    if (isOwn && (isEnd || (items.length === 0 && removedCount > 0)))
      this.#tail.wrote(before, { sessionId: session.id, version: session.version, removedCount, items });
  }

  /** Resolves to false if there is no such session, or another writer was faster. */
  async #tryWrite(input: Omit<WriteHistoryInput, 'key'>): Promise<boolean> {
    try {
      await this.#writeExisting(input);
      return true;
    } catch (error) {
      if (!isOutdated(error) && !(error instanceof SessionNotFoundError)) throw error;
      return false;
    }
  }

  async #replaceSuffix(
    suffix: readonly unknown[],
    replacement: readonly MessageInput[],
    operationId: string,
  ): Promise<void> {
    // The same operation with another suffix is another transaction: the server compares inputs.
    const [first, ...others] = replacement;
    const replaced = await digest(suffix);
    const messages = first && [{ ...first, metadata: { replaced } }, ...others];
    const input = { dropLast: suffix.length, messages, operationId };
    for (let isRead = false; ; isRead = true) {
      const seen = this.#tail.endingWith(suffix);
      if (seen !== null) {
        const { sessionId, version: expectedVersion } = seen;
        if (await this.#tryWrite({ ...input, sessionId, expectedVersion })) return;
      } else if (isRead) {
        // Perhaps the transaction was done before: then this is answered as the first time. No session is at version 0.
        const sessionId = this.#tail.seen?.sessionId;
        if (sessionId && (await this.#tryWrite({ ...input, sessionId, expectedVersion: 0 }))) return;
        throw suffixConflict(this.key, suffix.length);
      }
      if ((await this.read(suffix.length, suffix.length)) === null)
        throw suffixConflict(this.key, suffix.length);
    }
  }

  /** Ids of operations are unique in the whole store, and have up to 256 characters. */
  async #operationId(id: string): Promise<string> {
    if (id.trim() === '') throw new TypeError('Expected an operationId that is not blank.');
    return `openai-agents:${await digest([this.ownerId ?? null, this.key, id])}`;
  }
}
