import { TimeoutError } from './errors.ts';

/** Until when something has to be done. `createDeadline` makes one. */
export interface Deadline {
  /** Aborted when the outer signal is, with its reason; with a `TimeoutError` once the time is over; and by `end`. */
  readonly signal: AbortSignal;
  /** Sets the time for what is expected: in the place of an earlier one. */
  set(milliseconds: number, expected: string): void;
  /** Takes the time back. */
  clear(): void;
  /** Lets the outer signal go, and aborts whatever has the signal, unless all `isDone`: an abort takes a fifth of the time of a small read. */
  end(isDone?: unknown): void;
}

/** A deadline without a time yet. `outer` must not be aborted already. End it. */
export function createDeadline(outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const abort = () => controller.abort(outer!.reason);
  const clear = () => clearTimeout(timer);
  outer?.addEventListener('abort', abort);
  return {
    signal,
    clear,
    set(milliseconds, expected) {
      clear();
      const expire = () =>
        controller.abort(new TimeoutError(`Expected ${expected} within ${milliseconds} ms, got none.`));
      // 23 days: a timer that is set to more than 2^31 - 1 goes off at once.
      timer = setTimeout(expire, Math.min(milliseconds, 2e9));
    },
    end(isDone) {
      clear();
      outer?.removeEventListener('abort', abort);
      if (!isDone) controller.abort();
    },
  };
}
