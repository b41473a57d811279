import type { Draft, Sessiontree } from '@sessiontree/client';
import type { UIMessageChunk } from 'ai';
import { STREAM_KEY_PREFIX, StreamDecoder, type StreamMark } from './stream-parts.ts';

/** Options of `resumeStream`. */
export interface ResumeStreamOptions {
  /** Ends the stream, for example that of the request. */
  readonly signal?: AbortSignal;
  /**
   * How long to wait for the first chunk of a chat that is RUNNING, in milliseconds: its stream has only begun, or the process that was
   * saying something is gone. Default: 3,000.
   */
  readonly waitMs?: number;
}

const BROKEN_OFF = 'The stream broke off before its end. Load the chat again to see what was saved of it.';

/** How long a draft that is still there takes to come back after a lost connection, in milliseconds. */
const RECONNECT_MS = 15_000;

/**
 * What is being said in a chat, from its beginning, and then live; null if nothing is. The status of the session decides: no event says that
 * there is no draft. Rejects with a `SessiontreeError` of the client.
 */
export async function resumeStream(
  client: Sessiontree,
  chatId: string,
  { signal, waitMs = 3_000 }: ResumeStreamOptions = {},
): Promise<ReadableStream<UIMessageChunk> | null> {
  const session = await client.sessions.get(chatId, signal ? { signal } : {});
  if (session?.status !== 'RUNNING') return null;
  const watch = new StreamWatch(client, chatId, signal);
  const first = await watch.next(waitMs);
  if (!first) return null;
  return chunksOf(first, watch);
}

/** The drafts of the first stream of a session that is seen, until its end. */
class StreamWatch {
  readonly #stop = new AbortController();
  readonly #drafts: AsyncGenerator<Draft, void, undefined>;
  #key: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Sessiontree, sessionId: string, signal: AbortSignal | undefined) {
    signal?.addEventListener('abort', () => this.stop(), { once: true });
    this.#drafts = client.history.watchMessages(sessionId, {
      signal: this.#stop.signal,
      // A draft that ended meanwhile does not come back.
      onRetry: () => this.#stopAfter(RECONNECT_MS),
    });
  }

  /** The draft when it has grown, or null once it has ended; or if nothing comes within so many milliseconds. */
  async next(waitMs?: number): Promise<Draft | null> {
    if (waitMs !== undefined) this.#stopAfter(waitMs);
    for (;;) {
      const { done, value: draft } = await this.#drafts.next();
      if (done) return null;
      if (!draft.key.startsWith(STREAM_KEY_PREFIX)) continue;
      this.#key ??= draft.key;
      if (draft.key !== this.#key) continue;
      clearTimeout(this.#timer);
      if (draft.isDone) this.stop();
      return draft;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  #stopAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), milliseconds);
  }
}

function chunksOf(first: Draft, watch: StreamWatch): ReadableStream<UIMessageChunk> {
  const decoder = new StreamDecoder();
  let marks: readonly StreamMark[] = [];
  let next: Promise<Draft | null> = Promise.resolve(first);
  return new ReadableStream<UIMessageChunk>({
    async pull(controller) {
      for (let count = 0; count === 0; ) {
        const draft = await next;
        if (!draft) controller.enqueue({ type: 'error', errorText: BROKEN_OFF });
        if (!draft) return controller.close();
        const added = draft.chunks as readonly StreamMark[];
        marks = draft.isWhole ? added : [...marks, ...added];
        for (const chunk of decoder.chunks(draft.content, draft.reasoning, marks)) {
          controller.enqueue(chunk);
          count += 1;
        }
        if (decoder.isComplete) {
          watch.stop();
          return controller.close();
        }
        next = watch.next();
        // The next pull is told, which may be much later or never.
        next.catch(() => {});
      }
    },
    cancel: () => watch.stop(),
  });
}
