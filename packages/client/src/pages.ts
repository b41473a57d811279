import type { Connection } from './generated/types.ts';

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
export class Pages<Item, P extends Page<Item> = Page<Item>> implements AsyncIterable<Item> {
  readonly #read: (cursor: string | null) => Promise<P>;
  readonly #after: string | null;

  /** `read` reads the page behind a cursor, or the first one. */
  constructor(read: (cursor: string | null) => Promise<P>, after: string | null = null) {
    this.#read = read;
    this.#after = after;
  }

  /** The first page alone. */
  page(): Promise<P> {
    return this.#read(this.#after);
  }

  /** All pages, for those who show or store a page at a time. */
  async *pages(): AsyncGenerator<P, void, undefined> {
    let page = await this.page();
    yield page;
    while (page.nextCursor !== null) {
      page = await this.#read(page.nextCursor);
      yield page;
    }
  }

  /** All items, page after page. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const { items } of this.pages()) yield* items;
  }

  /** The first items, at most `limit`; all of them by default. */
  async toArray(limit = Number.POSITIVE_INFINITY): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of this.pages()) {
      items.push(...page.items.slice(0, limit - items.length));
      if (items.length >= limit) break;
    }
    return items;
  }
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

/** A page from the end needs a size, where the server has one for pages from the beginning. */
const REVERSE_PAGE_SIZE = 50;

/** The arguments of a connection for the page behind a cursor, in the direction of the options. */
export function pageArguments({ pageSize, reverse }: BothWaysOptions, cursor: string | null) {
  return reverse
    ? { last: pageSize ?? REVERSE_PAGE_SIZE, before: cursor ?? undefined }
    : { first: pageSize, after: cursor ?? undefined };
}

/** The page that a connection answers, in the direction of the options. */
export function pageOf<Item>(
  { nodes, pageInfo }: Connection<Item>,
  { reverse }: BothWaysOptions,
): Page<Item> {
  return reverse
    ? { items: [...nodes].reverse(), nextCursor: pageInfo.hasPreviousPage ? pageInfo.startCursor : null }
    : { items: nodes, nextCursor: pageInfo.hasNextPage ? pageInfo.endCursor : null };
}
