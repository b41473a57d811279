import { ClientError } from '../model/errors.ts';

/** The mutations of one request that were executed, and what an error must say of them: a client must know what a mutation has done. */
export class ExecutedMutations {
  #count = 0;

  /** Runs a mutation, and counts it unless it was refused. After any other error, it may have been executed. */
  async count<Payload>(write: () => Promise<Payload>): Promise<Payload> {
    let isRefused = false;
    try {
      return await write();
    } catch (error) {
      isRefused = error instanceof ClientError;
      throw error;
    } finally {
      if (!isRefused) this.#count += 1;
    }
  }

  /** For an error that takes the place of the data. Ends with a space, or is empty. */
  withoutPayloads(): string {
    if (this.#count === 0) return '';
    return this.#count === 1
      ? 'The mutation was executed, but its payload is missing. '
      : `${this.#count} mutations of this request were executed, but their payloads are missing. `;
  }

  /** For an error that keeps the next mutation from being executed. */
  beforeNext(): string {
    if (this.#count === 0) return 'No mutation was executed.';
    return this.#count === 1
      ? 'One mutation before this one was executed; this one was not.'
      : `${this.#count} mutations before this one were executed; this one was not.`;
  }
}
