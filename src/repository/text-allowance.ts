import { ReadTooLargeError } from './reads.ts';

/** The bytes of text that a batch of reads may still return. */
export class TextAllowance {
  readonly #maxBytes: number;
  #left: number;

  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes;
    this.#left = maxBytes;
  }

  /** Throws a ReadTooLargeError once the limit is exceeded; so do all later calls. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) this.exceed();
  }

  /** Takes nothing, and returns false, if there are not so many bytes left. */
  tryTake(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** The bytes that are left. */
  get left(): number {
    return Math.max(0, this.#left);
  }

  exceed(): never {
    throw new ReadTooLargeError(this.#maxBytes);
  }
}
