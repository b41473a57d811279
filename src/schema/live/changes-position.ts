import type { ChangesEvent } from './changes.ts';

/** Milliseconds after which a client gets a bookmark, an event without changes, if its cursor has moved on. */
const BOOKMARK_MS = 25_000;

/** Where a client is that watches changes, and which pages are an event for it. */
export class ChangesPosition {
  /** The cursor from which the next page is read; null for the changes from now on. */
  cursor: string | null;
  /** The cursor that the client has. */
  #sentCursor: string | null;
  #sentAt = performance.now();
  /** True once the client was told that it has seen everything. */
  #isCaughtUp = false;

  constructor(after: string | null) {
    this.cursor = after;
    this.#sentCursor = after;
  }

  /** Milliseconds until a bookmark is due: 0 or less if one is, infinite while the client has the latest cursor. */
  get untilBookmark(): number {
    if (this.cursor === this.#sentCursor) return Number.POSITIVE_INFINITY;
    return this.#sentAt + BOOKMARK_MS - performance.now();
  }

  /** Goes on after a page. True if the client gets the page: then `sent` must follow. */
  pass({ cursor, changes, isReset, isOver, isUpToDate }: ChangesEvent): boolean {
    this.cursor = cursor;
    if (changes.length > 0 || isReset || isOver) return true;
    return (isUpToDate && !this.#isCaughtUp) || this.untilBookmark <= 0;
  }

  /** The client gets the event of a page, or of the part of it that its budget allowed. */
  sent({ cursor, isUpToDate }: ChangesEvent): void {
    this.cursor = cursor;
    this.#sentCursor = cursor;
    this.#sentAt = performance.now();
    this.#isCaughtUp ||= isUpToDate;
  }
}
