/** A source of events, each of which is made when it is asked for: a slow consumer has no queue. */
export interface PullSource<Event> {
  /** The next event, once there is one; null once nothing follows. Call it again only when it has settled. */
  next(): Promise<Event | null>;
  /** Ends the source, and whatever it waits for, at once: a pending `next` resolves to null. */
  close(): void;
}

/**
 * The events of a source, which is opened when the first is asked for: whoever never asks leaves nothing behind. `return` closes the
 * source at once; that of an async generator would wait until the next event, and an idle source has none.
 */
export function eventsOf<Event>(
  open: () => PullSource<Event>,
): AsyncIterableIterator<Event, undefined, undefined> {
  const over = { done: true, value: undefined } as const;
  let source: PullSource<Event> | undefined;
  let isOver = false;
  return {
    async next() {
      if (isOver) return over;
      source ??= open();
      const event = await source.next();
      return event === null ? over : { done: false, value: event };
    },
    async return() {
      isOver = true;
      source?.close();
      return over;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** A condition variable for one consumer: lets it wait for a call of `notify`. A call while nobody waits ends the next wait at once. */
export class Condition {
  #isNotified = false;
  #resolve: (() => void) | null = null;

  readonly notify = (): void => {
    this.#isNotified = true;
    this.#resolve?.();
    this.#resolve = null;
  };

  /** Resolves once `notify` was called after the latest wait, or so many `milliseconds` have passed. */
  async wait(milliseconds = Number.POSITIVE_INFINITY): Promise<void> {
    const timer = Number.isFinite(milliseconds) ? setTimeout(this.notify, milliseconds) : undefined;
    try {
      if (!this.#isNotified)
        await new Promise<void>((resolve) => {
          this.#resolve = resolve;
        });
    } finally {
      clearTimeout(timer);
      this.#isNotified = false;
    }
  }
}
