/** What `read` gives for each item, in their order, with at most `limit` reads under way or waiting to be taken. */
export async function* readAhead<Item, Result>(
  items: Iterable<Item>,
  limit: number,
  read: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const waiting: Promise<Result>[] = [];
  for (const item of items) {
    const result = read(item);
    // A rejection reaches the caller when its turn comes; until then it is not unhandled.
    result.catch(() => {});
    waiting.push(result);
    if (waiting.length >= limit) yield await waiting.shift()!;
  }
  while (waiting.length > 0) yield await waiting.shift()!;
}
