import { TimeoutError } from './errors.ts';

/** Nearly 25 days. A timer that is set to more goes off at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Aborts `signal` when an outer signal is aborted, with its reason; or with a `TimeoutError`, if something takes too long. */
export class Patience {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted) this.#abort();
    outer?.addEventListener('abort', this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Begins to wait for something: in the place of what was waited for before. */
  wait(milliseconds: number, expected: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#controller.abort(new TimeoutError(`Expected ${expected} within ${milliseconds} ms, got none.`));
      },
      Math.min(milliseconds, TIMER_MS_MAX),
    );
  }

  /** Aborts whatever has the signal, and waits for nothing more. */
  end(): void {
    this.rest();
    this.#outer?.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }

  /** Waits for nothing until `wait` is called again. */
  rest(): void {
    clearTimeout(this.#timer);
  }

  readonly #abort = () => this.#controller.abort(this.#outer!.reason);
}
