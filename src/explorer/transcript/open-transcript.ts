import type { Message, SessionChange } from '@sessiontree/client';
import { ask, TEXT_LENGTH } from '../api/client.ts';
import { isTooLarge, readInParts } from '../api/in-parts.ts';
import {
  HistoryEndDocument,
  type HistoryEndQuery,
  HistoryFromDocument,
  type HistoryFromQuery,
  type MessageRowFragment,
  PositionOfDocument,
  SessionHeadDocument,
  type SessionHeadQuery,
  type TypedDocumentString,
  WholeTextDocument,
} from '../generated/operations.ts';
import { Observable } from '../parts/observable.ts';

/** Messages that are read at once; a part begins at a multiple of it. */
const PART = 50;
/** Parts that are kept; those used least recently are dropped. */
const PARTS_MAX = 80;

/** What is known of the positions of one part. */
interface Part {
  readonly messages: ReadonlyMap<number, MessageRowFragment>;
  /** The position after the last one that was there when the part was read. */
  readonly end: number;
}

export type SessionHead = NonNullable<SessionHeadQuery['session']>;

/** What stands at a position: a message, null while it is read, or what is missing since the record is damaged. */
export type Entry = MessageRowFragment | 'damaged' | null;

/** The history of the session that is open. Only the parts that are looked at are read, and kept. */
export class OpenTranscript extends Observable {
  readonly sessionId: string;
  head: SessionHead | null = null;
  /** The number of positions; null until it is known. */
  length: number | null = null;
  state: 'loading' | 'there' | 'missing' | 'deleted' | 'failed' = 'loading';
  error: Error | null = null;
  /** The version of the session from which `length` is, as a change told it. */
  #version = 0;
  /** In the order of reading. */
  readonly #parts = new Map<number, Part>();
  readonly #reading = new Set<number>();
  readonly #abort = new AbortController();
  /** Parts that have changed since they were asked for. */
  readonly #stale = new Set<number>();
  readonly #wholeTexts = new Map<string, string>();

  constructor(sessionId: string) {
    super();
    this.sessionId = sessionId;
    void this.open();
  }

  close(): void {
    this.#abort.abort();
  }

  /** Whether there is no such session, or none any more: nothing can be done with it. */
  get isGone(): boolean {
    return this.state === 'missing' || this.state === 'deleted';
  }

  /** What stands at a position. Reads the part around it, if it is not there. */
  at(position: number): Entry {
    const number = Math.floor(position / PART);
    const part = this.#parts.get(number);
    if (!part) {
      void this.#readPart(number);
      return null;
    }
    return part.messages.get(position) ?? (position < part.end ? 'damaged' : null);
  }

  /** The call that a TOOL message answers, if it is among the messages that are there. */
  callOf(message: MessageRowFragment): MessageRowFragment | null {
    if (message.toolCallId === null) return null;
    const number = Math.floor(message.position / PART);
    for (const part of [this.#parts.get(number), this.#parts.get(number - 1)])
      for (const caller of part?.messages.values() ?? [])
        if (caller.toolCalls.some(({ result }) => result?.id === message.id)) return caller;
    return null;
  }

  /** The whole text of a message of which a part is shown; null until `readWhole` has read it. */
  wholeTextOf(messageId: string): string | null {
    return this.#wholeTexts.get(messageId) ?? null;
  }

  async readWhole(messageId: string): Promise<void> {
    const { node } = await this.#request(WholeTextDocument, { id: messageId });
    if (node && 'content' in node) this.#wholeTexts.set(messageId, node.content as string);
    this.changed();
  }

  /** The position of a message; null if the history does not have it any more. */
  async positionOf(messageId: string): Promise<number | null> {
    for (const { messages } of this.#parts.values())
      for (const { id, position } of messages.values()) if (id === messageId) return position;
    const { node } = await this.#request(PositionOfDocument, { id: messageId });
    return node && 'position' in node ? (node.position as number) : null;
  }

  /** Takes in what changed in the tree, as far as it concerns this session. */
  take(changes: readonly SessionChange[], isReset: boolean): void {
    if (isReset) {
      // The store may have been put back from a backup.
      this.#version = 0;
      this.#renewFrom(0);
      void this.open();
      return;
    }
    for (const { kind, sessionId, session, formerParentId, fromPosition, messages } of changes) {
      // A call shows the session that it spawned.
      if (session?.parentId === this.sessionId && kind === 'CREATED')
        this.#renewFrom((this.length ?? 0) - PART);
      if (sessionId !== this.sessionId) continue;
      if (kind === 'DELETED') this.state = 'deleted';
      if (session && fromPosition !== null) {
        this.length = session.historyLength;
        this.#version = session.version;
        if (kind === 'APPENDED') this.#add(messages);
        // What their calls spawned and came to is still to be read; and a call before them may have its result now.
        this.#renewFrom(fromPosition - PART);
      } else if (session || formerParentId) void this.#readHead();
    }
    this.changed();
  }

  /** Reads the end of the history, and what is above it. */
  async open(): Promise<void> {
    try {
      const [head, end] = await Promise.all([
        this.#request(SessionHeadDocument, { id: this.sessionId }),
        this.#lastMessages(PART),
      ]);
      this.error = null;
      this.head = head.session;
      this.state = end.session ? 'there' : 'missing';
      // An answer that a change has overtaken is old: what is looked at is read instead.
      if (end.session && end.session.version >= this.#version) {
        const { historyLength, history } = end.session;
        this.length = historyLength;
        // The end of a history is where most begin to read. Those parts of it that are whole need not be read again.
        const from = history.nodes[0]?.position ?? 0;
        for (let number = from === 0 ? 0 : Math.ceil(from / PART); number * PART < historyLength; number += 1)
          this.#keep(number, history.nodes, historyLength);
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (this.state === 'loading') this.state = 'failed';
      this.error = error as Error;
    }
    this.changed();
  }

  async #readHead(): Promise<void> {
    try {
      const { session } = await this.#request(SessionHeadDocument, { id: this.sessionId });
      if (session) this.head = session;
    } catch {
      // The head that is there stays; the feed says if the server is away.
      return;
    }
    this.changed();
  }

  async #readPart(number: number): Promise<void> {
    if (this.#reading.has(number)) return;
    this.#reading.add(number);
    this.#stale.delete(number);
    try {
      const answers = await readInParts(number * PART, PART, (position, first) =>
        this.#messagesFrom(position, first),
      );
      const messages = answers.flatMap((session) => session?.history.nodes ?? []);
      this.#keep(number, messages, answers.at(-1)?.historyLength ?? 0);
      this.error = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.error = error as Error;
      // Not at once again: the server may be away.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    } finally {
      this.#reading.delete(number);
    }
    this.changed();
    if (this.#stale.has(number)) void this.#readPart(number);
  }

  /** The last messages: fewer than `last` if those were too large for one answer. */
  async #lastMessages(last: number): Promise<HistoryEndQuery> {
    try {
      const variables = { id: this.sessionId, last, textLength: TEXT_LENGTH };
      return await this.#request(HistoryEndDocument, variables);
    } catch (error) {
      if (!isTooLarge(error) || last === 1) throw error;
      return this.#lastMessages(last >> 1);
    }
  }

  async #messagesFrom(position: number, first: number): Promise<HistoryFromQuery['session']> {
    const variables = { id: this.sessionId, position, first, textLength: TEXT_LENGTH };
    return (await this.#request(HistoryFromDocument, variables)).session;
  }

  #keep(number: number, messages: readonly MessageRowFragment[], length: number): void {
    const there = new Map<number, MessageRowFragment>();
    for (const message of messages)
      if (Math.floor(message.position / PART) === number) there.set(message.position, message);
    let end = Math.min((number + 1) * PART, length);
    // What came with a change since the answer was made stays.
    for (const [position, message] of this.#parts.get(number)?.messages ?? []) {
      if (position !== end || position >= (this.length ?? 0)) continue;
      there.set(position, message);
      end += 1;
    }
    this.#parts.delete(number);
    this.#parts.set(number, { messages: there, end });
    if (this.#parts.size > PARTS_MAX) this.#parts.delete(this.#parts.keys().next().value!);
  }

  /** Shows messages that came with a change, after those that are there. */
  #add(messages: readonly Message[]): void {
    for (const message of messages) {
      const { position } = message;
      const number = Math.floor(position / PART);
      const part = this.#parts.get(number) ?? { messages: new Map(), end: number * PART };
      // Others came between: the part is read.
      if (part.end !== position) return;
      this.#parts.set(number, {
        messages: new Map(part.messages).set(position, rowOf(message)),
        end: position + 1,
      });
    }
  }

  /** Reads the parts from a position on again, as far as they are there. What they have is shown until then. */
  #renewFrom(position: number): void {
    for (const number of new Set([...this.#parts.keys(), ...this.#reading])) {
      if ((number + 1) * PART <= position) continue;
      this.#stale.add(number);
      void this.#readPart(number);
    }
  }

  #request = <Data, Variables extends object>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ) => ask(document, variables, this.#abort.signal);
}

/** A message as a change brings it: without what its calls came to. */
function rowOf({ toolCalls, metadata: _, ...message }: Message): MessageRowFragment {
  return { ...message, toolCalls: toolCalls.map((call) => ({ ...call, result: null, session: null })) };
}
