import type { ChangesEvent } from '../../schema/live/changes.ts';
import { ChangesPosition } from '../../schema/live/changes-position.ts';
import type { Outlet } from './outlet.ts';
import type { TreePoll } from './tree-poll.ts';

/** Of a subscriber that may not have seen all that happened. */
const BEHIND = -1;

/** A client that watches the changes of a tree: where it is, and nothing that it has not taken. */
export class Subscriber extends ChangesPosition {
  declare cursor: string;
  readonly outlet: Outlet;
  /** True while its next event is made. */
  isBusy = false;
  /** True once its outlet will say when the client has read. */
  isWaiting = false;
  /** Since when it lacks something that happened, on the clock of `performance.now()`; null if it lacks nothing. */
  behindSince: number | null = null;
  /** The number of the latest poll that its cursor covers. */
  #covered = BEHIND;
  /** The number of the latest poll that may have looked at the store before its cursor was read. */
  #mayBeBefore = BEHIND;

  constructor(outlet: Outlet, after: string) {
    super(after);
    this.outlet = outlet;
  }

  get isBookmarkDue(): boolean {
    return this.untilBookmark <= 0;
  }

  /** True if more may have happened than its cursor covers, when something last happened before the poll `touchedAt`. */
  isBehind(touchedAt: number): boolean {
    return this.#covered < touchedAt;
  }

  /** Notes that a page was read after the poll `number`, and before any poll that began after `latestBegun`. */
  covers({ isUpToDate }: ChangesEvent, { number }: TreePoll, latestBegun: number): void {
    this.#covered = isUpToDate ? number : BEHIND;
    this.#mayBeBefore = latestBegun;
    if (isUpToDate) this.behindSince = null;
  }

  /** Advances to the cursor of a poll, unless that may lie before its own. Nothing must have happened in between. */
  advanceTo({ number, cursor }: TreePoll): void {
    if (cursor === null || this.#mayBeBefore >= number) return;
    this.cursor = cursor;
    this.#covered = number;
    this.#mayBeBefore = number;
  }

  /** Goes back to where it was before a page for which no event could be made. */
  goBackTo(cursor: string): void {
    this.cursor = cursor;
    this.#covered = BEHIND;
    this.behindSince ??= performance.now();
  }
}
