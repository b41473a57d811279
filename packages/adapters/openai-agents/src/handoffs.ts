import type { AgentInputItem, RunContext, SessionHistoryTransactionArgs } from '@openai/agents';
import type { MessageInput } from '@sessiontree/client';
import { itemOf } from './items.ts';
import {
  isOutdated,
  type Line,
  linesOf,
  type Place,
  popMessage,
  readHistories,
  readHistory,
  type StoredHistory,
  type StoredMessage,
} from './requests.ts';
import { SessiontreeSession } from './session.ts';

/** The key in the metadata of a handoff's result: the key of the session in which the conversation goes on. */
const CONTINUED_IN = 'continuedIn';

/**
 * A session whose handoffs have sessions of their own: what an agent says after it was handed a conversation is in a child, which has the agent's
 * name and was spawned by the call that handed over. The next input of a user is in this session again. The runner reads one conversation: the
 * items of a child stand behind the result of the handoff.
 *
 * Items with `n` handoffs take `n` requests more, and are read as a whole or not at all: the write to this session comes last. Reading takes one
 * request more for each level of handoffs. Transactions and compactions are written to this session; function calls are replaced where they are.
 *
 * @example
 * const session = new HandoffSession(client, { key: 'chat/42', agentName: 'triage' });
 * await run(triage, 'I want my money back', { session });
 */
export class HandoffSession extends SessiontreeSession {
  /** The session that the latest items of a run went to: the runner may save those of one run in several calls. */
  #active: { readonly session: SessiontreeSession; readonly runContext: RunContext | undefined } | null =
    null;

  #popping: Promise<unknown> = Promise.resolve();

  /** Appends all items or none; those behind a handoff go to its child. Rejects with the errors of the client. */
  override async addItems(items: AgentInputItem[], runContext?: RunContext): Promise<void> {
    if (items.length === 0) return;
    await this.withUsage(items, runContext, async (messages) => {
      const isSameRun = this.#active?.runContext === runContext && messages[0]?.role !== 'USER';
      const session = (isSameRun && this.#active?.session) || this;
      this.#active = { session: await this.#writeStretches(session, messages), runContext };
    });
  }

  /**
   * Drops the latest item, wherever it is, and answers with it. A request for each level of handoffs at the end, and one. Pops of this object go one
   * after another, because each has to know what the one before left.
   */
  override popItem(): Promise<AgentInputItem | undefined> {
    const popped = this.#popping.then(() => this.#pop());
    this.#popping = popped.catch(() => undefined);
    return popped;
  }

  /** Drops all items, and deletes the sessions of handoffs. */
  override async clearSession(): Promise<void> {
    this.#active = null;
    const children = await this.#children((await this.read())?.messages ?? []);
    await super.clearSession();
    for (const { id } of children.values()) await this.client.sessions.delete(id, { mode: 'REPARENT' });
  }

  override async replaceHistoryWithCompaction(
    items: AgentInputItem[],
    runContext?: RunContext,
  ): Promise<void> {
    this.#active = null;
    await super.replaceHistoryWithCompaction(items, runContext);
  }

  override async applyHistoryTransaction(args: SessionHistoryTransactionArgs): Promise<void> {
    this.#active = null;
    await super.applyHistoryTransaction(args);
  }

  /** @internal */
  protected override async conversation(limit?: number): Promise<readonly Line[]> {
    const own = await super.conversation(limit);
    const children = await this.#children(own.map(({ message }) => message));
    const expand = (lines: readonly Line[]): readonly Line[] =>
      lines.flatMap((line) => [line, ...expand(linesOf(children.get(continuedIn(line.message) ?? '')))]);
    const all = expand(own);
    return limit === undefined ? all : all.slice(-limit);
  }

  async #pop(): Promise<AgentInputItem | undefined> {
    this.#active = null;
    for (;;) {
      const end = await this.#end();
      if (end === null) return undefined;
      try {
        const popped = await popMessage(this.client, end.place, end.version);
        if (popped !== null) return itemOf(popped.message);
      } catch (error) {
        if (!isOutdated(error)) throw error;
      }
    }
  }

  /** The session that holds the latest item, and its version; null if there is no item. */
  async #end(): Promise<{ place: Place; version: number } | null> {
    let end = null;
    for (let place = this.place; ; ) {
      const history = await readHistory(this.client, place, 1);
      const last = history?.messages[0];
      // An empty child: the latest item is the result of the handoff.
      if (!history || !last) return end;
      end = { place, version: history.version };
      const key = continuedIn(last);
      if (key === undefined) return end;
      place = { ...place, key };
    }
  }

  /** Writes messages to `session`, and those behind a handoff to a child of it. Resolves to where the last of them are. */
  async #writeStretches(
    session: SessiontreeSession,
    messages: readonly MessageInput[],
  ): Promise<SessiontreeSession> {
    const handoff = messages.findIndex((message) => agentOf(message) !== undefined);
    if (handoff < 0) {
      await session.write({ messages });
      return session;
    }
    const result = messages[handoff]!;
    const child = session.child({
      key: `${this.key}/${crypto.randomUUID()}`,
      agentName: agentOf(result),
      toolCallId: result.toolCallId ?? undefined,
    });
    const last = await this.#writeStretches(child, messages.slice(handoff + 1));
    const marked = { ...result, metadata: { [CONTINUED_IN]: child.key } };
    await session.write({ messages: [...messages.slice(0, handoff), marked] });
    return last;
  }

  /** The histories of all handoffs in `messages`, by the keys of their sessions; also of handoffs in those. */
  async #children(messages: readonly StoredMessage[]): Promise<Map<string, StoredHistory>> {
    const all = new Map<string, StoredHistory>();
    for (let level = messages; ; ) {
      const keys = level.flatMap((message) => continuedIn(message) ?? []);
      if (keys.length === 0) return all;
      const read = await readHistories(this.client, keys, this.ownerId);
      for (const [key, history] of read) all.set(key, history);
      level = [...read.values()].flatMap((history) => history.messages);
    }
  }
}

function continuedIn({ metadata }: StoredMessage): string | undefined {
  const key = metadata[CONTINUED_IN];
  return typeof key === 'string' ? key : undefined;
}

/** The agent that a message hands the conversation to: the SDK answers the call that asks for it with `{"assistant":"…"}`. */
function agentOf({ role, content = '' }: MessageInput): string | undefined {
  if (role !== 'TOOL' || !content.startsWith('{"assistant":')) return undefined;
  try {
    const { assistant, ...others } = JSON.parse(content) as { assistant: unknown };
    return typeof assistant === 'string' && Object.keys(others).length === 0 ? assistant : undefined;
  } catch {
    return undefined;
  }
}
