/**
 * Work on the index that can rest, and end, at each `yield`: at most some milliseconds apart. Yields the
 * number of rows that were walked since the last `yield` and are not part of the answer.
 */
export type Steps<T> = Generator<number, T, void>;

/** Runs all steps without a rest: for work that is known to be short. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Ids that are read in one step: a millisecond of work. */
const IDS_AT_ONCE = 1_000;

/** The ids that `read` returns: of at most `limit` rows beyond a place. */
export function* idsInSteps(
  read: (after: number, limit: number) => { readonly id: string; readonly place: number }[],
): Steps<string[]> {
  const ids: string[] = [];
  for (let after = -1; ; ) {
    const rows = read(after, IDS_AT_ONCE);
    for (const { id } of rows) ids.push(id);
    if (rows.length < IDS_AT_ONCE) return ids;
    after = rows.at(-1)!.place;
    yield 0;
  }
}
