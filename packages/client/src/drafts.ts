import { ConflictError } from './errors.ts';
import { MESSAGE_STREAM } from './generated/operations.ts';
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
    const { content = '', reasoning = '' } = isWhole ? {} : (known.get(key) ?? {});
    const draft = { ...messageStream, content: content + delta, reasoning: reasoning + reasoningDelta };
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
 * The last sequence of a draft, in quarters of a millisecond: the time, so that a writer goes on after an earlier one of the same draft,
 * in whichever process that was; or one more, if requests are sent faster than that.
 */
let lastSequence = 0;

/**
 * Says a draft, a piece at a time. One request is under way at a time: what is said meanwhile goes with the next one, so that nobody has to
 * wait. If a request fails for good, nothing more is said, and `end` rejects.
 */
export interface DraftWriter {
  /** Adds to the content. */
  write(delta: string): void;
  /** Adds to the reasoning. */
  reasoning(delta: string): void;
  /** Puts another content in the place of what was said so far. */
  replace(content: string): void;
  /** Ends the draft, unless the message with its key has done so. Resolves once all is sent; rejects with what has failed. */
  end(): Promise<void>;
}

/** What `client.history.stream` makes. */
export function createDraftWriter(
  transport: Transport,
  input: Pick<StreamMessageInput, 'sessionId' | 'key' | 'role'>,
  options: RequestOptions | undefined,
): DraftWriter {
  /** What waits to be sent. The first part takes the place of what an earlier writer has said. */
  let next: Part | null = { content: '' };
  let sending: Promise<void> | undefined;
  let failure: unknown;
  let isOver = false;

  const send = (part: Part) => {
    lastSequence = Math.max(lastSequence + 1, 4 * Date.now());
    // Its lower 32 bits, as an Int of GraphQL: the server takes them for a serial number, which begins again.
    return transport.send('streamMessage', { ...input, ...part, sequence: lastSequence | 0 }, options);
  };

  /** Never rejects: who writes does not wait. */
  const sendAll = async () => {
    try {
      // What is written in one turn of the event loop goes together.
      await null;
      while (next) {
        const part = next;
        next = null;
        await send(part);
      }
    } catch (error) {
      isOver = true;
      // The message with the key of the draft was written meanwhile: that ends it as well.
      if (!(error instanceof ConflictError)) failure = error;
    }
    sending = undefined;
  };

  const add = (change: (part: Part) => Part) => {
    if (isOver) return;
    const part = next ?? {};
    next = { ...part, ...change(part) };
    sending ??= sendAll();
  };

  return {
    write: (delta) =>
      add(({ content, delta: before = '' }) =>
        content === undefined ? { delta: before + delta } : { content: content + delta },
      ),
    reasoning: (delta) => add(({ reasoningDelta = '' }) => ({ reasoningDelta: reasoningDelta + delta })),
    replace: (content) => add(() => ({ content, delta: undefined })),
    async end() {
      add(() => ({ isDone: true }));
      isOver = true;
      await sending;
      if (failure) throw failure;
    },
  };
}
