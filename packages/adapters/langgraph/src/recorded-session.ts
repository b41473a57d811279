import type { BaseMessage } from '@langchain/core/messages';
import type { CreateIfMissingInput, MessageInput, SessionStatus } from '@sessiontree/client';
import { cut, formOf, saidBy, textOf, toMessageInput } from './message-input.ts';

/** What a session is made of, apart from what it records. */
export interface Origin extends Pick<CreateIfMissingInput, 'agentName' | 'title' | 'spawnedBy'> {
  readonly key: string;
  readonly parent: RecordedSession | null;
  /** False if the session is that of a chain or a model: nothing has a state then. */
  readonly isOfGraph: boolean;
}

/** What a session needs of its tree. */
export interface Tree {
  /** The key of the session that recorded a message first, by the key of the message. */
  readonly owners: Map<string, string>;
  /** To be called when a session has something to write. */
  touch(session: RecordedSession): void;
  /** Writes all that is not written. Resolves once that is done, or has failed. */
  flush(): Promise<void>;
}

/** A message that is not written yet. It is read when it is written: an agent's name comes into a message after its end. */
export interface PendingMessage {
  readonly key: string;
  readonly message: BaseMessage;
  /** True if another session of the tree recorded the message first: its usage counts there. */
  readonly isCopy: boolean;
}

export interface PendingStatus {
  readonly status: SessionStatus;
  readonly statusMessage: string | null;
}

/** A session of a graph: what it has recorded, and what of that is not written yet. */
export class RecordedSession {
  readonly origin: Origin;
  readonly tree: Tree;
  /** The forms of the messages that were recorded, by key. */
  readonly #forms = new Map<string, string>();
  /** Messages that were looked at: a state comes again with each step. */
  readonly #seen = new WeakSet<BaseMessage>();
  readonly pending = new Map<string, PendingMessage>();
  /** Messages that have another form than the one that was written. */
  readonly changed = new Map<string, PendingMessage>();
  /** The status, unless it is written. */
  status: PendingStatus | null = null;
  /** The id of the session; null until it is written. */
  id: string | null = null;
  /** True while a run of the session lasts. */
  isRunning = false;
  #hasState = false;

  constructor(origin: Origin, tree: Tree) {
    this.origin = origin;
    this.tree = tree;
  }

  get isDirty(): boolean {
    return this.pending.size > 0 || this.changed.size > 0 || this.status !== null;
  }

  /** Records what is new among the messages of a graph's state. */
  recordState(messages: readonly BaseMessage[]): void {
    if (messages.length > 0) this.#hasState = true;
    this.#record(messages, '');
  }

  /** Records what a model is told, unless the state has it. `run` is that of the graph. */
  recordPrompt(messages: readonly BaseMessage[], run: string): void {
    if (this.origin.isOfGraph && this.#hasState) return;
    // A graph without messages begins anew with each run; what a chain is told begins with what it was told before.
    this.#record(messages, this.origin.isOfGraph ? `${run}:` : '');
  }

  /** Records what a model has answered. */
  recordAnswers(messages: readonly BaseMessage[]): void {
    this.#record(messages, '');
  }

  setStatus(status: SessionStatus, statusMessage: string | null = null): void {
    this.isRunning = status === 'RUNNING';
    this.status = { status, statusMessage };
    this.tree.touch(this);
  }

  /** The input of a message, as it is now. */
  inputOf({ key, message, isCopy }: PendingMessage): MessageInput {
    this.#forms.set(key, formOf(message));
    return { ...toMessageInput(message, key), ...(isCopy && { isCopy }) };
  }

  /** The title that the session is made with: what was asked first, unless it has another one. */
  get title(): string | null {
    if (this.origin.title) return this.origin.title;
    for (const { message } of this.pending.values()) {
      const line = message.getType() === 'human' ? textOf(message).trim().split('\n', 1)[0] : '';
      if (line) return cut(line, 80);
    }
    return null;
  }

  #record(messages: readonly BaseMessage[], scope: string): void {
    for (const [position, message] of messages.entries()) {
      if (message.id && this.#seen.has(message)) continue;
      this.#seen.add(message);
      this.#recordOne(message.id || `${scope}${saidBy(message)}-${position}`, message);
    }
    this.tree.touch(this);
  }

  #recordOne(key: string, message: BaseMessage): void {
    const known = this.#forms.get(key);
    const form = formOf(message);
    if (known === form || (known === undefined && this.#hasAncestorWith(key))) return;
    this.#forms.set(key, form);
    const { owners } = this.tree;
    if (!owners.has(key)) owners.set(key, this.origin.key);
    const pending = { key, message, isCopy: owners.get(key) !== this.origin.key };
    // What is not written yet is written in its latest form.
    (known === undefined || this.pending.has(key) ? this.pending : this.changed).set(key, pending);
  }

  #hasAncestorWith(key: string): boolean {
    for (let each = this.origin.parent; each; each = each.origin.parent)
      if (each.#forms.has(key)) return true;
    return false;
  }
}
