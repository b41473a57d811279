/** The results of `read` for `items`, in order. At most `limit` results are pending or buffered. */
export async function* readAhead<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  read: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const waiting: Promise<Result>[] = [];
  for (const item of items) {
    const result = read(item);
    // The caller gets a rejection when its turn comes. Until then it must not count as unhandled.
    result.catch(() => {});
    waiting.push(result);
    if (waiting.length >= limit) yield await waiting.shift()!;
  }
  while (waiting.length > 0) yield await waiting.shift()!;
}
