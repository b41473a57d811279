import { type RequestError, SessiontreeError, type StorageError } from './errors.ts';

/** Whether the same request may succeed later. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof SessiontreeError && (error.isRetryable || (error as StorageError).isOutcomeUnknown);
}

/**
 * Milliseconds until a retry, counted from 0: what the server asks for, or a random time. A server may ask for longer than a caller would
 * wait: its word counts up to a minute.
 */
export function delayMs(retry: number, error: unknown): number {
  const { retryAfterMs } = error as Partial<RequestError>;
  return retryAfterMs == null ? jittered(retry) : Math.min(retryAfterMs, 60_000) + jittered(0) / 2;
}

/**
 * Random milliseconds, so that clients that failed together do not return together: at most `firstMs`, twice as many for each further
 * retry, counted from 0, and never more than 8 seconds.
 */
export function jittered(retry: number, firstMs = 500): number {
  return Math.min(8_000, firstMs * 2 ** retry) * (0.5 + Math.random() / 2);
}

/** Resolves after so many milliseconds, or once the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
  });
}
