import {
  MutationError,
  type SessionStatus,
  type Sessiontree,
  SessiontreeError,
  type StorageError,
  type StreamMessageInput,
} from '@sessiontree/client';
import type { UIMessageChunk } from 'ai';
import { plainText } from './describe-parts.ts';
import { STREAM_KEY_PREFIX, StreamEncoder } from './stream-parts.ts';

/** The server ends a draft after 60 seconds without a request (`draftMs`). A tool may take longer. */
const KEEP_ALIVE_MS = 20_000;
/** Between two requests: what comes meanwhile goes together, which a reader does not notice. */
const PAUSE_MS = 40;
const RETRIES_MAX = 3;

// `client.history.stream` sends text only, not `chunks`.
const STREAM_MESSAGE = `mutation StreamMessage($input: StreamMessageInput!) {
  streamMessage(input: $input) {
    __typename
    ... on Error { message }
    ... on StorageError { isRetryable isOutcomeUnknown }
  }
}`;

/** The server's limit `statusMessageLength`. */
const STATUS_MESSAGE_LENGTH_MAX = 4_096;

/** How a stream ended, as far as its chunks say: what the status of its session becomes. */
export interface StreamOutcome {
  readonly status: SessionStatus;
  readonly statusMessage?: string;
}

/**
 * The draft of one stream: takes its chunks as they come, without having them wait, and sends them one request at a time. Once a request fails
 * for good, nothing more is sent: `end` rejects with the reason.
 */
export class StreamDraft {
  readonly #client: Sessiontree;
  readonly #input: Pick<StreamMessageInput, 'sessionId' | 'key'>;
  readonly #keepAliveMs: number;
  readonly #encoder = new StreamEncoder();
  #sequence = 0;
  #outcome: StreamOutcome = { status: 'IDLE' };
  #isOver = false;
  /** Wakes what waits for something to send. */
  #wake = () => {};
  readonly #sent: Promise<void>;
  #failure: unknown;

  /** Nothing is sent before `ready` has resolved. After `keepAliveMs` without a chunk, the draft is kept alive. */
  constructor(client: Sessiontree, sessionId: string, ready: Promise<unknown>, keepAliveMs = KEEP_ALIVE_MS) {
    this.#client = client;
    this.#keepAliveMs = keepAliveMs;
    this.#input = { sessionId, key: STREAM_KEY_PREFIX + crypto.randomUUID() };
    this.#sent = this.#sendAll(ready).catch((error) => {
      this.#failure = error;
    });
  }

  add(chunk: UIMessageChunk): void {
    this.#outcome = outcomeAfter(this.#outcome, chunk);
    if (this.#failure) return;
    this.#encoder.add(chunk);
    this.#wake();
  }

  /** How the stream has ended, if this was its last chunk. */
  get outcome(): StreamOutcome {
    return this.#outcome;
  }

  /** Resolves once all is sent, and rejects with what has failed. Whoever watches then sees whether the stream `isComplete`. */
  async sendRest(isComplete: boolean): Promise<void> {
    if (isComplete) this.#encoder.end();
    this.#isOver = true;
    this.#wake();
    await this.#sent;
    if (this.#failure) throw this.#failure;
  }

  /** Ends the draft. */
  async end(): Promise<void> {
    await this.#send({ isDone: true });
  }

  async #sendAll(ready: Promise<unknown>): Promise<void> {
    await ready;
    for (;;) {
      const isLast = this.#isOver;
      const part = this.#encoder.take(isLast);
      if (part) {
        await this.#send(part);
        await this.#isSilentFor(PAUSE_MS, true);
      } else if (isLast) return;
      else if (await this.#isSilentFor(this.#keepAliveMs)) await this.#send({ delta: '' });
    }
  }

  /** True if nothing came to send within so many milliseconds. `isPause` waits for the end of the stream alone. */
  #isSilentFor(milliseconds: number, isPause = false): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), milliseconds);
      this.#wake = () => {
        if (isPause && !this.#isOver) return;
        clearTimeout(timer);
        resolve(false);
      };
    });
  }

  /** With the same sequence each time: what was added before an answer got lost is not added twice. */
  async #send(part: Omit<StreamMessageInput, 'sessionId' | 'key'>): Promise<void> {
    this.#sequence += 1;
    const input = { ...this.#input, ...part, sequence: this.#sequence };
    for (let retry = 0; ; retry += 1) {
      try {
        return await this.#sendOnce(input);
      } catch (error) {
        if (!canRetry(error) || retry >= RETRIES_MAX) throw error;
        await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** retry * (0.5 + Math.random() / 2)));
      }
    }
  }

  async #sendOnce(input: StreamMessageInput): Promise<void> {
    const { streamMessage } = await this.#client.request<{
      streamMessage: { __typename: string; message?: string };
    }>(STREAM_MESSAGE, { input });
    const { __typename, message, ...fields } = streamMessage;
    if (message !== undefined) throw new MutationError({ __typename, message, ...fields });
  }
}

/** Whether the same request may still succeed, or may have succeeded: its sequence keeps it from being done twice. */
function canRetry(error: unknown): boolean {
  return error instanceof SessiontreeError && (error.isRetryable || (error as StorageError).isOutcomeUnknown);
}

/** What the session does after a chunk: it failed, was cancelled, or waits for a person who approves a tool. */
function outcomeAfter(before: StreamOutcome, chunk: UIMessageChunk): StreamOutcome {
  switch (chunk.type) {
    case 'error':
      return failed(chunk.errorText);
    case 'abort':
      return { status: 'CANCELLED' };
    case 'tool-approval-request':
      return chunk.isAutomatic
        ? before
        : { status: 'WAITING', statusMessage: 'A tool waits to be approved.' };
    case 'tool-approval-response':
      return before.status === 'WAITING' ? { status: 'IDLE' } : before;
    default:
      return before;
  }
}

/** The outcome of a stream that broke off. */
export function failed(reason: string): StreamOutcome {
  return { status: 'FAILED', statusMessage: plainText(reason.slice(0, STATUS_MESSAGE_LENGTH_MAX)) };
}
