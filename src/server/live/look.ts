/** One look at the trees in which something happened. */
export interface Look {
  /** Looks are numbered in their order. */
  readonly number: number;
  /** Covers all that this look, and those before, have told of, and nothing else. Null if the store did not say where it was. */
  readonly cursor: string | null;
}
