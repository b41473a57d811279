import type { Limits } from '../../model/limits.ts';
import type { KeyedMessage, StoredSession, StoredSessions, Target, TargetWrite } from './target.ts';

/** Reads from a store, if there is one, and writes nothing. */
export class DryRunTarget implements Target {
  readonly limits: Limits;
  readonly isDryRun = true;
  readonly #stored: StoredSessions | null;

  constructor(stored: StoredSessions | null, limits: Limits) {
    this.limits = limits;
    this.#stored = stored;
  }

  async find(ids: readonly string[]): Promise<(StoredSession | null)[]> {
    return this.#stored ? await this.#stored.find(ids) : ids.map(() => null);
  }

  async write({ create }: TargetWrite): Promise<boolean> {
    return create !== null;
  }

  async update(): Promise<void> {}
  async move(): Promise<void> {}
  async archive(): Promise<void> {}

  async *keysOf(sessionId: string): AsyncIterable<KeyedMessage> {
    if (this.#stored) yield* this.#stored.keysOf(sessionId);
  }
}
