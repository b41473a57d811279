import { Fault } from './part.ts';
import type { Refusal } from './worker.ts';

/** Counts what the disk made the store refuse. */
export class Refusals {
  readonly #retryable: boolean;
  count = 0;

  /** `retryable`: room or patience helps, and the client is to be told so. */
  constructor(retryable: boolean) {
    this.#retryable = retryable;
  }

  /** For `goOn` of a load. Throws a Fault where a client is told what is not so. */
  hear(refusal: Refusal | null): void {
    if (refusal?.name !== 'StorageError') return;
    this.count += 1;
    if (this.#retryable && !refusal.retryable)
      throw new Fault(
        `a StorageError that room would mend says that it is not retryable: ${refusal.message}`,
      );
  }
}
