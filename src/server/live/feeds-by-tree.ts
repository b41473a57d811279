import type { Feed } from './feed.ts';

/** Feeds by the root of the tree that each is about. */
export class FeedsByTree {
  readonly #byRootId = new Map<string, Set<Feed>>();
  readonly #rootIds = new Map<Feed, string | null>();
  /** Those of the whole store, and those whose root is not known. */
  readonly #ofUnknownRoot = new Set<Feed>();

  /** Adds a feed, or says that it has another root; null if that is not known. */
  setRoot(feed: Feed, rootId: string | null): void {
    if (this.#rootIds.get(feed) === rootId) return;
    this.delete(feed);
    this.#rootIds.set(feed, rootId);
    if (rootId === null) {
      this.#ofUnknownRoot.add(feed);
      return;
    }
    const others = this.#byRootId.get(rootId);
    if (others) others.add(feed);
    else this.#byRootId.set(rootId, new Set([feed]));
  }

  delete(feed: Feed): void {
    const rootId = this.#rootIds.get(feed);
    if (rootId === undefined) return;
    this.#rootIds.delete(feed);
    this.#ofUnknownRoot.delete(feed);
    if (rootId === null) return;
    const others = this.#byRootId.get(rootId)!;
    others.delete(feed);
    if (others.size === 0) this.#byRootId.delete(rootId);
  }

  /** The roots of trees may be others now. */
  forgetRoots(): void {
    for (const feed of this.#rootIds.keys()) this.setRoot(feed, null);
  }

  /** The feeds that something in one of these trees may concern. */
  of(rootIds: ReadonlySet<string>): Feed[] {
    if (rootIds.size === 0) return [];
    const found = [...this.#ofUnknownRoot];
    for (const rootId of rootIds) for (const feed of this.#byRootId.get(rootId) ?? []) found.push(feed);
    return found;
  }
}
