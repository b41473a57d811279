import { DeadlineExceededError, type ReadOptions, throwIfOver } from '../../read-options.ts';

/**
 * Calls `over` with the error of a read that ends while it waits: the `reason` of its signal, or a
 * DeadlineExceededError. Call the returned function once the read no longer waits.
 */
export function whenOver(
  { signal, deadline }: ReadOptions = {},
  over: (reason: unknown) => void,
): () => void {
  const aborted = () => over(signal?.reason);
  signal?.addEventListener('abort', aborted, { once: true });
  const timer =
    deadline === undefined
      ? undefined
      : setTimeout(() => over(new DeadlineExceededError()), timeLeft(deadline)).unref();
  return () => {
    signal?.removeEventListener('abort', aborted);
    clearTimeout(timer);
  };
}

/** Settles as `work` does, or rejects as soon as the read is over. `work` goes on in either case. */
export async function unlessOver<T>(work: Promise<T>, options?: ReadOptions): Promise<T> {
  throwIfOver(options);
  const over = Promise.withResolvers<T>();
  const stopWaiting = whenOver(options, over.reject);
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    stopWaiting();
  }
}

/** The longest time that a timer takes, in milliseconds: a longer one would end at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

function timeLeft(deadline: number): number {
  return Math.min(Math.max(0, Math.ceil(deadline - performance.now())), TIMER_MS_MAX);
}
