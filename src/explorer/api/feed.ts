import type { SessionChanges } from '@sessiontree/client';
import { Observable } from '../parts/observable.ts';
import { client, TEXT_LENGTH } from './client.ts';
import { signIn } from './sign-in.ts';

/** `live`: what is shown follows the store. `resuming`: the connection was lost, and what is shown may be old. */
export type FeedState = 'connecting' | 'live' | 'resuming' | 'ended';

/**
 * The changes of a tree, or of the whole store (null). The client goes on by itself after a lost connection; the feed says meanwhile that
 * what is shown may be old.
 */
export class Feed extends Observable {
  readonly #within: string | null;
  readonly #messages: number;
  readonly #take: (changes: SessionChanges) => void;
  #abort: AbortController | null = null;
  #cursor: string | null = null;
  state: FeedState = 'connecting';
  /** Why the server closed the feed for good; null unless it did. */
  error: Error | null = null;

  /** `messages`: so many of those that a change brought come with it, at most. */
  constructor(within: string | null, messages: number, take: (changes: SessionChanges) => void) {
    super();
    this.#within = within;
    this.#messages = messages;
    this.#take = take;
  }

  /** Follows from `cursor` on: the one of the store that was read with what is shown. */
  follow(cursor: string): void {
    this.stop();
    this.#cursor = cursor;
    this.#abort = new AbortController();
    void this.#run(this.#abort.signal);
  }

  /** Says that nothing is followed: what was to be shown is not there, or could not be read. */
  end(error: Error | null = null): void {
    this.stop();
    this.state = 'ended';
    this.error = error;
    this.changed();
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const set = (state: FeedState, error: Error | null = null) => {
      if (signal.aborted || this.state === state) return;
      this.state = state;
      this.error = error;
      this.changed();
    };
    for (;;) {
      try {
        await this.#watch(signal, set);
        return set('ended');
      } catch (error) {
        const isRenewed = await signIn.isRenewed(error, signal).catch(() => false);
        if (!isRenewed) return set('ended', error as Error);
      }
    }
  }

  async #watch(signal: AbortSignal, set: (state: FeedState) => void): Promise<void> {
    const batches = client.sessions.watch(this.#within, {
      after: this.#cursor,
      messages: this.#messages,
      maxContentLength: TEXT_LENGTH,
      signal,
      onRetry: () => set('resuming'),
    });
    for await (const batch of batches) {
      this.#cursor = batch.cursor;
      if (batch.isUpToDate) set('live');
      if (batch.isReset || batch.changes.length > 0) this.#take(batch);
    }
  }
}
