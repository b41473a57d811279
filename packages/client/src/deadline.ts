import { TimeoutError } from './errors.ts';

/** Until when something has to be done. `createDeadline` makes one. */
export interface Deadline {
  /** Aborted when the outer signal is, with its reason; with a `TimeoutError` once the time is over; and by `end`. */
  readonly signal: AbortSignal;
  /** Sets the time for what is expected: in the place of an earlier one. */
  set(milliseconds: number, expected: string): void;
  /** Takes the time back. */
  clear(): void;
  /** Aborts whatever has the signal, and lets the outer one go. */
  end(): void;
}

/** A deadline without a time yet. End it. */
export function createDeadline(outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const abort = () => controller.abort(outer!.reason);
  const clear = () => clearTimeout(timer);
  if (outer?.aborted) abort();
  outer?.addEventListener('abort', abort, { signal });
  return {
    signal,
    clear,
    set(milliseconds, expected) {
      clear();
      const expire = () =>
        controller.abort(new TimeoutError(`Expected ${expected} within ${milliseconds} ms, got none.`));
      // Nearly 25 days: a timer that is set to more goes off at once.
      timer = setTimeout(expire, Math.min(milliseconds, 2 ** 31 - 1));
    },
    end() {
      clear();
      controller.abort();
    },
  };
}
