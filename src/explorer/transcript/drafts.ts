import { client } from '../api/client.ts';
import { signIn } from '../api/sign-in.ts';
import { Observable } from '../parts/observable.ts';

export interface Draft {
  readonly key: string;
  readonly content: string;
  readonly reasoning: string;
}

/** What agents are saying just now in a session: the messages that are not stored yet. */
export class Drafts extends Observable {
  #drafts = new Map<string, Draft>();
  readonly #abort = new AbortController();

  constructor(sessionId: string) {
    super();
    void this.#run(sessionId);
  }

  get all(): readonly Draft[] {
    return [...this.#drafts.values()];
  }

  close(): void {
    this.#abort.abort();
  }

  async #run(sessionId: string): Promise<void> {
    const { signal } = this.#abort;
    for (;;) {
      try {
        return await this.#watch(sessionId, signal);
      } catch (error) {
        // A session that was deleted has no drafts. A lost connection is taken up by the client.
        if (!(await signIn.isRenewed(error, signal).catch(() => false))) return;
      }
    }
  }

  async #watch(sessionId: string, signal: AbortSignal): Promise<void> {
    const drafts = client.history.watchMessages(sessionId, { signal });
    for await (const { key, content, reasoning, isDone } of drafts) {
      if (isDone) this.#drafts.delete(key);
      else this.#drafts.set(key, { key, content, reasoning });
      this.changed();
    }
  }
}
