import type { Dump, DumpedMessage, DumpedPart, DumpedSession } from '../../dump.ts';

/** The parts of a dump, and the error with which they ended, which says nothing of the database that is written to. */
export class Source {
  readonly #parts: AsyncIterator<DumpedPart>;
  #next: DumpedPart | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor({ parts }: Dump) {
    this.#parts = parts[Symbol.asyncIterator]();
  }

  /** The next part, if it is a session; null for another part, at the end and once the dump has failed. */
  async session(): Promise<DumpedSession | null> {
    const part = await this.#peek();
    if (part?.type !== 'session') return null;
    this.#next = null;
    return part.session;
  }

  /** The next part; null at the end and once the dump has failed. */
  async part(): Promise<DumpedPart | null> {
    const part = await this.#peek();
    this.#next = null;
    return part;
  }

  /** The messages of a session. */
  async *messages(session: DumpedSession): AsyncGenerator<DumpedMessage> {
    try {
      yield* session.messages();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /** Throws the error with which the dump ended, if it did. */
  throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Ends the dump. */
  async close(): Promise<void> {
    await this.#parts.return?.();
  }

  async #peek(): Promise<DumpedPart | null> {
    if (this.#next || this.#failure) return this.#next;
    try {
      const { done, value } = await this.#parts.next();
      this.#next = done ? null : value;
    } catch (error) {
      this.#failure = { error };
    }
    return this.#next;
  }
}
