import { Fault } from './part.ts';
import type { Refusal } from './worker-messages.ts';

/** Counts the mutations that the store refused because of the disk. */
export class Refusals {
  readonly #isRetryable: boolean;
  count = 0;
  /** What the latest one was told. */
  last = '';

  /** `isRetryable`: the value that the client must get: true if room or time helps. */
  constructor(isRetryable: boolean) {
    this.#isRetryable = isRetryable;
  }

  /** For `goOn` of a load. Throws a Fault if a client got a wrong `isRetryable`. */
  hear(refusal: Refusal | null): void {
    if (refusal?.name !== 'StorageError') return;
    this.count += 1;
    this.last = refusal.message;
    if (this.#isRetryable && !refusal.isRetryable)
      throw new Fault(
        `a StorageError that room would mend says that it is not retryable: ${refusal.message}`,
      );
  }
}
