/** Milliseconds between two checks. */
const CHECK_MS = 1_000;

const NOTHING = () => {};

/** `events`, which end once `hasEnded` is true: it is asked once a second. `onEnd` is called once, however they end. */
export function whileCurrent<T>(
  events: AsyncIterable<T>,
  hasEnded: () => boolean,
  onEnd: () => void = NOTHING,
): AsyncIterableIterator<T, undefined, undefined> {
  const source = events[Symbol.asyncIterator]();
  let isOver = false;
  let waiting: (result: IteratorResult<T, undefined>) => void = NOTHING;
  const done = { done: true, value: undefined } as const;
  const end = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    onEnd();
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
        source.next().then(
          (result) => {
            if (result.done) end();
            resolve(result.done || isOver ? done : result);
          },
          (error) => {
            waiting = NOTHING;
            end();
            reject(error);
          },
        );
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
