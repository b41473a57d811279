/** One poll of the store for the trees in which something happened. */
export interface TreePoll {
  /** Polls are numbered in their order. */
  readonly number: number;
  /** Covers all that this poll, and those before, have told of, and nothing else. Null if the store did not say where it was. */
  readonly cursor: string | null;
}
