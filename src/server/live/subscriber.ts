import type { ChangesEvent } from '../../schema/live/changes.ts';
import type { Outlet } from './outlet.ts';

/** Milliseconds after which a client gets a bookmark, an event without changes, if its cursor has moved on. */
const BOOKMARK_MS = 25_000;

/** Of a subscriber that has not seen what happened until now. */
const BEHIND = -1;

/** A client that watches the changes of a tree: where it is, and nothing that it has not taken. */
export class Subscriber {
  readonly outlet: Outlet;
  /** Null for the changes from now on. */
  cursor: string | null;
  /** True while its next event is made. */
  isBusy = false;
  /** True once its outlet will say when the client has read. */
  isWaiting = false;
  /** The number of the latest commits that its cursor covers. */
  #covered = BEHIND;
  /** The cursor that the client has. */
  #sentCursor: string | null;
  #sentAt = performance.now();
  /** True once the client was told that it has seen everything. */
  #isCaughtUp = false;

  constructor(outlet: Outlet, after: string | null) {
    this.outlet = outlet;
    this.cursor = after;
    this.#sentCursor = after;
  }

  /** True if more may have happened than its cursor covers, at the `commits`th notification of commits, or if a bookmark is due. */
  isBehind(commits: number): boolean {
    return this.#covered < commits || this.isBookmarkDue;
  }

  get isBookmarkDue(): boolean {
    return this.cursor !== this.#sentCursor && performance.now() - this.#sentAt >= BOOKMARK_MS;
  }

  /** Whether the client gets an event for a page. It does for the first page that is up to date, whatever is in it. */
  gets({ changes, isReset, isOver, isUpToDate }: ChangesEvent): boolean {
    return changes.length > 0 || isReset || isOver || (isUpToDate && !this.#isCaughtUp) || this.isBookmarkDue;
  }

  /** Goes on after a page that was read at the `commits`th notification, or later. */
  pass({ cursor, isUpToDate }: ChangesEvent, commits: number): void {
    this.cursor = cursor;
    this.#covered = isUpToDate ? commits : BEHIND;
  }

  /** Notes that the client gets the event for a page. */
  sent({ cursor, isUpToDate }: ChangesEvent): void {
    this.#sentCursor = cursor;
    this.#sentAt = performance.now();
    this.#isCaughtUp ||= isUpToDate;
  }
}
