import { SMALL_BYTES } from './small.ts';

/** What one request has of the `AnswerBytes`. */
export interface AnswerShare {
  bytes: number;
}

/** Counts the bytes of all answers that are being made, or that clients have not read yet. */
export class AnswerBytes {
  readonly #max: number;
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** True if less than half of the room is left: then clients that read nothing are in the way of others. */
  get isScarce(): boolean {
    return this.#bytes > this.#max / 2;
  }

  /**
   * Changes what an answer has. False if there is no room for more of it. There always is for a small answer, and for an answer that
   * is alone.
   */
  set(share: AnswerShare, bytes: number): boolean {
    this.#bytes += bytes - share.bytes;
    share.bytes = bytes;
    return bytes <= SMALL_BYTES || this.#bytes <= this.#max || this.#bytes === bytes;
  }
}
