/** Milliseconds between two checks. */
const CHECK_MS = 1_000;

/** `events`, which end once `hasEnded` is true: it is asked once a second. */
export function whileCurrent<T>(
  events: AsyncIterable<T>,
  hasEnded: () => boolean,
): AsyncIterableIterator<T, undefined, undefined> {
  const source = events[Symbol.asyncIterator]();
  let isOver = false;
  let waiting: (result: IteratorResult<T, undefined>) => void = () => {};
  const done = { done: true, value: undefined } as const;
  const end = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    waiting(done);
    // The source may settle only after its next event.
    Promise.resolve(source.return?.()).catch(() => {});
  };
  const timer = setInterval(() => {
    if (hasEnded()) end();
  }, CHECK_MS).unref();
  return {
    // Not `Promise.race`, which would keep something of each event for as long as the stream lasts.
    next: () =>
      new Promise((resolve, reject) => {
        if (isOver) return resolve(done);
        waiting = resolve;
        source.next().then((result) => {
          if (result.done) end();
          resolve(result.done || isOver ? done : result);
        }, reject);
      }),
    return: async () => {
      end();
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
