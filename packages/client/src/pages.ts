import type { Connection, ForwardPageInfo } from './generated/types.ts';

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Pass it as `after` to begin behind this page; null on the last page. */
  readonly nextCursor: string | null;
}

/**
 * A list that is read page by page, as far as it is iterated. Nothing is sent before. Each iteration begins anew, and rejects with a
 * `SessiontreeError` if a page cannot be read.
 *
 * @example
 * for await (const session of client.sessions.list()) {
 *   if (session.title === 'Plan a trip') break;
 * }
 */
export interface Pages<Item, P extends Page<Item> = Page<Item>> extends AsyncIterable<Item> {
  /** The first page alone. */
  page(): Promise<P>;
  /** All pages, for those who show or store a page at a time. */
  pages(): AsyncGenerator<P, void, undefined>;
  /** All items, page after page. */
  [Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined>;
  /** The first items, at most `limit`; all of them by default. */
  toArray(limit?: number): Promise<Item[]>;
}

/** The pages that `read` reads, each behind a cursor, from the one behind `after`. */
export function createPages<Item, P extends Page<Item>>(
  read: (cursor: string | null) => Promise<P>,
  after: string | null = null,
): Pages<Item, P> {
  const page = () => read(after);

  async function* pages(): AsyncGenerator<P, void, undefined> {
    for (let one = await page(); ; one = await read(one.nextCursor)) {
      yield one;
      if (one.nextCursor === null) return;
    }
  }

  async function* items(): AsyncGenerator<Item, void, undefined> {
    for await (const { items } of pages()) yield* items;
  }

  return {
    page,
    pages,
    [Symbol.asyncIterator]: items,
    async toArray(limit = Number.POSITIVE_INFINITY) {
      const found: Item[] = [];
      if (limit > 0) for await (const item of items()) if (found.push(item) >= limit) break;
      return found;
    },
  };
}

/** Options of every list. */
export interface PageOptions {
  /** Items a page. Default: what the server chooses. */
  readonly pageSize?: number;
  /** The `nextCursor` of a page of the same list: iteration begins behind it. */
  readonly after?: string | null;
}

/** Options of a list that can be read from both ends. */
export interface BothWaysOptions extends PageOptions {
  /** Begins at the end of the list, and goes to its beginning. A cursor is one of the same direction. */
  readonly reverse?: boolean;
}

/** The pages of a list. `read` reads a connection, with the arguments for the page behind a cursor. */
export function connectionPages<Item>(
  { pageSize, reverse, after }: BothWaysOptions,
  read: (page: PageArguments, cursor: string | null) => Promise<Connection<Item>>,
): Pages<Item> {
  return createPages(async (cursor) => {
    const page = reverse
      ? // A page from the end needs a size, where the server has one for pages from the beginning.
        { last: pageSize ?? 50, before: cursor }
      : { first: pageSize, after: cursor };
    const { nodes, pageInfo } = await read(page, cursor);
    return reverse
      ? { items: [...nodes].reverse(), nextCursor: pageInfo.hasPreviousPage ? pageInfo.startCursor : null }
      : { items: nodes, nextCursor: nextCursorOf(pageInfo) };
  }, after);
}

/** The arguments of a connection. */
interface PageArguments {
  readonly first?: number | undefined;
  readonly after?: string | null;
  readonly last?: number;
  readonly before?: string | null;
}

/** The cursor of the page behind another one; null if that is the last. */
export function nextCursorOf({ hasNextPage, endCursor }: ForwardPageInfo): string | null {
  return hasNextPage ? endCursor : null;
}
