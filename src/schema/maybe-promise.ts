/** A value or a promise of it. A resolver that returns a plain value saves the executor a promise. */
export type MaybePromise<T> = T | Promise<T>;

/** Applies `next` to `value`, now or when it resolves. */
export function andThen<T, Result>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}
