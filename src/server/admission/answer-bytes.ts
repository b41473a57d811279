import { Shares } from './shares.ts';
import { SMALL_BYTES } from './small.ts';

/** What one request has of the `AnswerBytes`. */
export interface AnswerShare {
  bytes: number;
  /** Whose request it is; null if nobody is asked for a name. */
  readonly account: string | null;
}

/** Counts the bytes of all answers that are being made, or that clients have not read yet. */
export class AnswerBytes {
  readonly #max: number;
  readonly #shares: Shares;
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
    this.#shares = new Shares(max);
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
    const { account } = share;
    this.#bytes += bytes - share.bytes;
    this.#shares.add(account, -share.bytes);
    share.bytes = bytes;
    const isWithinShare = this.#shares.allows(account, bytes);
    this.#shares.add(account, bytes);
    if (bytes <= SMALL_BYTES || this.#bytes === bytes) return true;
    return isWithinShare && this.#bytes <= this.#max;
  }
}
