/**
 * What bounds a read. A store stops as soon as it can once the read is over, wherever it is: between two batches, in the middle of a
 * walk, in another thread, in a database. Then nothing of the read goes on running.
 */
export interface ReadOptions {
  /** Aborted once nobody waits for the answer any more. The read rejects with the signal's `reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds on the clock of `performance.now()` of the calling thread. Past it the read rejects with a DeadlineExceededError. */
  readonly deadline?: number | undefined;
  /**
   * Called with the number of bytes of records that are about to be read, and with the bytes by which texts that were read count more than
   * their records. May throw to refuse the read, which rejects with that error.
   */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /**
   * Called while the store walks what is not part of the answer, with the number of further sessions, messages or entries of an index:
   * for counts, sums, filters and searches. May throw to end the walk; the read rejects with that error.
   */
  readonly onWalk?: ((rows: number) => void) | undefined;
  /**
   * From 1. For the number of what can be paged through: a count ends once it has come to this, and is this number. For callers who ask only
   * whether there are so many. Left out: all are counted.
   */
  readonly countLimit?: number | undefined;
}

/** Charges for texts that count more than the bytes of records that were charged for them. */
export function chargeExcess(
  options: Pick<ReadOptions, 'onRead'> | undefined,
  counted: number,
  charged: number,
): void {
  if (counted > charged) options?.onRead?.(counted - charged);
}

/** Where a count may end. */
export function countLimitOf({ countLimit = Number.POSITIVE_INFINITY }: ReadOptions = {}): number {
  return countLimit;
}

/** A read took longer than its deadline allowed. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';

  constructor() {
    super('The read took longer than its deadline allowed.');
  }
}

/** Throws if a read is over: the `reason` of its signal, or a DeadlineExceededError. */
export function throwIfOver({ signal, deadline }: ReadOptions = {}): void {
  signal?.throwIfAborted();
  if (deadline !== undefined && performance.now() > deadline) throw new DeadlineExceededError();
}
