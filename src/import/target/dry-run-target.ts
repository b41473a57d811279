import type { Limits } from '../../model/limits.ts';
import type { SessionReader } from '../../repository/repository.ts';
import { findIn, keysIn } from './repository-target.ts';
import type { MessageKey, StoredSession, Target, TargetWrite } from './target.ts';

/** Reads from a store, if there is one, and writes nothing. */
export class DryRunTarget implements Target {
  readonly limits: Limits;
  readonly isDryRun = true;
  readonly #reader: SessionReader | null;

  constructor(reader: SessionReader | null, limits: Limits) {
    this.limits = limits;
    this.#reader = reader;
  }

  async find(ids: readonly string[]): Promise<(StoredSession | null)[]> {
    return this.#reader ? await findIn(this.#reader, ids) : ids.map(() => null);
  }

  async write({ create }: TargetWrite): Promise<boolean> {
    return create !== null;
  }

  async update(): Promise<void> {}
  async move(): Promise<void> {}
  async archive(): Promise<void> {}

  async *keysOf(sessionId: string): AsyncIterable<MessageKey> {
    if (this.#reader) yield* keysIn(this.#reader, sessionId);
  }
}
