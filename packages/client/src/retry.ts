import { RequestError, SessiontreeError, StorageError } from './errors.ts';

/** Milliseconds before the first retry, at most; twice as long before each further one. */
const FIRST_DELAY_MS = 500;
const DELAY_MS_MAX = 8_000;
/** A server may ask for longer than a caller would wait: its word counts up to here. */
const RETRY_AFTER_MS_MAX = 60_000;

/** Calls `attempt` until it succeeds, fails for good, or has been called `maxRetries` times more. Rejects early once `signal` is aborted. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  maxRetries: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (retry >= maxRetries || !isWorthRetrying(error)) throw error;
      await pause(delayMs(retry, error), signal);
    }
  }
}

/** Whether the same request may succeed later. */
export function isWorthRetrying(error: unknown): boolean {
  if (error instanceof StorageError && error.isOutcomeUnknown) return true;
  return error instanceof SessiontreeError && error.isRetryable;
}

/** Milliseconds until a retry, counted from 0: what the server asks for, or a random time. */
export function delayMs(retry: number, error: unknown): number {
  const asked = error instanceof RequestError ? error.retryAfterMs : null;
  return asked === null ? jittered(retry) : Math.min(asked, RETRY_AFTER_MS_MAX) + jittered(0) / 2;
}

/** A random time, so that clients that failed together do not return together. It grows with each retry, counted from 0. */
export function jittered(retry: number, firstMs = FIRST_DELAY_MS): number {
  const longest = Math.min(DELAY_MS_MAX, firstMs * 2 ** retry);
  return longest * (0.5 + Math.random() / 2);
}

/** Resolves after so many milliseconds. Rejects with the signal's reason once it is aborted. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
