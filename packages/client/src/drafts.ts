import { ConflictError } from './errors.ts';
import { MESSAGE_STREAM, STREAM_MESSAGE } from './generated/operations.ts';
import type { MessageDraft, StreamMessageInput } from './generated/types.ts';
import { type LiveOptions, subscribe } from './live.ts';
import type { RequestOptions, Transport } from './transport.ts';

/** What an agent is saying, as far as it has come. */
export interface Draft extends MessageDraft {
  /** The content so far. */
  readonly content: string;
  /** The reasoning so far. */
  readonly reasoning: string;
}

/** The drafts of a session, each whenever something was added to it. */
export async function* watchDrafts(
  transport: Transport,
  sessionId: string,
  options: LiveOptions,
): AsyncGenerator<Draft, void, undefined> {
  const known = new Map<string, Draft>();
  for await (const { messageStream } of subscribe(
    transport,
    MESSAGE_STREAM,
    () => ({ sessionId }),
    options,
  )) {
    const { key, isWhole, isDone, delta, reasoningDelta } = messageStream;
    const before = isWhole ? undefined : known.get(key);
    const content = (before?.content ?? '') + delta;
    const draft = { ...messageStream, content, reasoning: (before?.reasoning ?? '') + reasoningDelta };
    known.set(key, draft);
    if (isDone) known.delete(key);
    yield draft;
  }
}

/** What one request says. */
interface Part {
  content?: string;
  delta?: string | undefined;
  reasoningDelta?: string;
  isDone?: boolean;
}

/**
 * Says a draft, a piece at a time. One request is under way at a time: what is said meanwhile goes with the next one, so that nobody has to
 * wait. If a request fails for good, nothing more is said, and `end` rejects.
 */
export class DraftWriter {
  readonly #send: (part: Part) => Promise<unknown>;
  /** What waits to be sent. The first part takes the place of what an earlier writer has said. */
  #next: Part | null = { content: '' };
  #sending: Promise<void> | undefined;
  #error: unknown;
  #isOver = false;

  /** `client.history.stream` makes one. */
  constructor(
    transport: Transport,
    input: Pick<StreamMessageInput, 'sessionId' | 'key' | 'role'>,
    options: RequestOptions | undefined,
  ) {
    // Sequences of a later writer of the same draft are higher: they begin with the time, up to 2,048 a second, within an Int of GraphQL.
    let sequence = (Math.floor(Date.now() / 1_000) % 2 ** 20) * 2 ** 11;
    this.#send = (part) =>
      transport.send('streamMessage', STREAM_MESSAGE, { ...input, ...part, sequence: sequence++ }, options);
  }

  /** Adds to the content. */
  write(delta: string): void {
    this.#add((next) => {
      if (next.content === undefined) next.delta = (next.delta ?? '') + delta;
      else next.content += delta;
    });
  }

  /** Adds to the reasoning. */
  reasoning(delta: string): void {
    this.#add((next) => {
      next.reasoningDelta = (next.reasoningDelta ?? '') + delta;
    });
  }

  /** Puts another content in the place of what was said so far. */
  replace(content: string): void {
    this.#add((next) => {
      next.content = content;
      next.delta = undefined;
    });
  }

  /** Ends the draft, unless the message with its key has done so. Resolves once all is sent; rejects with what has failed. */
  async end(): Promise<void> {
    this.#add((next) => {
      next.isDone = true;
    });
    await this.#sending;
    if (this.#error) throw this.#error;
  }

  #add(change: (next: Part) => void): void {
    if (this.#isOver) return;
    this.#next ??= {};
    change(this.#next);
    this.#isOver = this.#next.isDone === true;
    this.#sending ??= this.#sendAll();
  }

  /** Never rejects: who writes does not wait. */
  async #sendAll(): Promise<void> {
    try {
      // What is written in one turn of the event loop goes together.
      await null;
      while (this.#next) {
        const part = this.#next;
        this.#next = null;
        await this.#send(part);
      }
    } catch (error) {
      this.#isOver = true;
      // The message with the key of the draft was written meanwhile: that ends it as well.
      if (!(error instanceof ConflictError)) this.#error = error;
    }
    this.#sending = undefined;
  }
}
