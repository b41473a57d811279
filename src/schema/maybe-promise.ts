/** What is there already, or comes later: a resolver that has its answer at hand makes the executor wait for nothing. */
export type MaybePromise<T> = T | Promise<T>;

/** What `next` makes of `value`, now or when it comes. */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}
