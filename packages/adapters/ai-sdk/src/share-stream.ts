import type { Sessiontree } from '@sessiontree/client';
import type { UIMessageChunk } from 'ai';
import { failed, StreamDraft, type StreamOutcome } from './stream-draft.ts';

/** What is shared of a chat. */
export interface ShareStreamInput<Chunk extends UIMessageChunk = UIMessageChunk> {
  readonly chatId: string;
  /** What the answer says, for example of `toUIMessageStream`. */
  readonly stream: ReadableStream<Chunk>;
  /** Keeps a function of a serverless platform alive until all is shared: `after` of Next.js, or `waitUntil`. */
  readonly waitUntil?: (work: Promise<void>) => void;
}

/** How long the response waits for the session to be RUNNING, in milliseconds: longer only if the server does not answer. */
const RUNNING_WAIT_MS = 1_000;

/** What a `StreamSharing` needs of the chats. */
interface StatusSetter {
  setStatus(chatId: string, outcome: StreamOutcome): Promise<void>;
}

/** Shares the streams of a store. */
export class StreamSharing {
  readonly #client: Sessiontree;
  readonly #chats: StatusSetter;
  readonly #onError: (error: unknown) => void;
  /** How many streams of each chat are open. */
  readonly #open = new Map<string, number>();

  constructor(client: Sessiontree, chats: StatusSetter, onError: (error: unknown) => void) {
    this.#client = client;
    this.#chats = chats;
    this.#onError = onError;
  }

  /** The same chunks, for the response. They are read to the end, and shared, also after the response was cancelled. */
  share<Chunk extends UIMessageChunk>({
    chatId,
    stream,
    waitUntil,
  }: ShareStreamInput<Chunk>): ReadableStream<Chunk> {
    this.#open.set(chatId, this.#openOf(chatId) + 1);
    const running = this.#chats.setStatus(chatId, { status: 'RUNNING' });
    const draft = new StreamDraft(this.#client, chatId, running);
    return new ReadableStream<Chunk>({
      start: (controller) => {
        // The session is RUNNING before the response has a chunk, so that a client that reconnects finds the stream. If that failed, `sendRest`
        // rejects with the reason.
        const work = settledWithin(running, RUNNING_WAIT_MS)
          .then(() => this.#pump(stream, draft, controller))
          .then((failure) => this.#end(chatId, draft, failure));
        waitUntil?.(work);
      },
      // A window that is closed is no reason to stop: it may come back.
      cancel: () => {},
    });
  }

  /** Never rejects. Why the stream did not come to its end; null if it did. */
  async #pump<Chunk extends UIMessageChunk>(
    stream: ReadableStream<Chunk>,
    draft: StreamDraft,
    response: ReadableStreamDefaultController<Chunk>,
  ): Promise<{ readonly reason: unknown } | null> {
    try {
      const reader = stream.getReader();
      for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
        ifOpen(() => response.enqueue(value!));
        draft.add(value!);
      }
      ifOpen(() => response.close());
      return null;
    } catch (reason) {
      ifOpen(() => response.error(reason));
      return { reason };
    }
  }

  /** Never rejects. */
  async #end(
    chatId: string,
    draft: StreamDraft,
    failure: { readonly reason: unknown } | null,
  ): Promise<void> {
    await draft.sendRest(!failure).catch(this.#onError);
    const others = this.#openOf(chatId) - 1;
    if (others > 0) this.#open.set(chatId, others);
    else this.#open.delete(chatId);
    const outcome = failure ? failed(String(failure.reason)) : draft.outcome;
    // The status first: a client that reconnects from here on does not wait for a draft that has ended.
    if (others === 0) await this.#chats.setStatus(chatId, outcome).catch(this.#onError);
    await draft.end().catch(this.#onError);
  }

  #openOf(chatId: string): number {
    return this.#open.get(chatId) ?? 0;
  }
}

/** Resolves once the promise has settled, or after so many milliseconds. */
function settledWithin(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const settle = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(settle, settle);
  });
}

/** A response that was cancelled takes nothing more. */
function ifOpen(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
