import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SessionRepository } from '../../repository/repository.ts';
import { changesCursor } from '../../schema/cursor.ts';
import type { EventMaker } from './event-maker.ts';
import type { Feed, FeedHub } from './feed.ts';
import { FeedsByTree } from './feeds-by-tree.ts';
import { GATHER_MS, RETRY_MS } from './intervals.ts';
import type { TreePoll } from './tree-poll.ts';

/** Microseconds more for each subscriber of the round's feeds, and for each feed: a write takes some 15, a read of the store some 50. */
const GATHER_US_PER_SUBSCRIBER = 25;
const GATHER_US_PER_FEED = 150;

/** Milliseconds between two checks for bookmarks that are due. */
const BOOKMARK_CHECK_MS = 1_000;
/** Feeds that are served in one turn of the event loop. */
const FEEDS_A_TURN_MAX = 64;

/**
 * The feeds of a server. After commits it asks the store once in which trees something happened, and serves the feeds of those: a feed of
 * another tree costs nothing. Its subscribers go on to a later cursor when one is needed.
 */
export class Feeds implements FeedHub {
  readonly maker: EventMaker;
  readonly #repository: SessionRepository;
  readonly #feeds = new Map<string, Feed>();
  readonly #trees = new FeedsByTree();
  /** To be served in the next round. */
  #due = new Set<Feed>();
  /** Where the store was at the latest poll; null if there was none. */
  #mark: string | null = null;
  /** The latest poll after which the store did not know in which trees something had happened. */
  #lostAt = 0;
  #hasNews = false;
  #isScheduled = false;
  /** The earliest time of the next round. */
  #nextAt = Number.NEGATIVE_INFINITY;
  #unsubscribe: (() => void) | null = null;
  #timer: NodeJS.Timeout | undefined;
  latestPoll: TreePoll = { number: 0, cursor: null };
  latestBegun = 0;

  constructor(repository: SessionRepository, maker: EventMaker) {
    this.#repository = repository;
    this.maker = maker;
  }

  /** The feed with this key, which is added if there is none. */
  getOrAdd(key: string, create: () => Feed): Feed {
    let feed = this.#feeds.get(key);
    if (feed) return feed;
    feed = create();
    this.#feeds.set(key, feed);
    this.#trees.setRoot(feed, null);
    this.#begin();
    return feed;
  }

  delete(feed: Feed): void {
    if (this.#feeds.get(feed.key) !== feed) return;
    this.#feeds.delete(feed.key);
    this.#trees.delete(feed);
    if (this.#feeds.size === 0) this.#rest();
  }

  /** How long the subscriber furthest behind has lacked something, in milliseconds; 0 if none does. */
  get lagMs(): number {
    const now = performance.now();
    let lag = 0;
    for (const { behindSince } of this.#feeds.values())
      if (behindSince !== null) lag = Math.max(lag, now - behindSince);
    return lag;
  }

  #begin(): void {
    this.#unsubscribe ??= this.#repository.onChange(() => this.poll());
    this.#timer ??= setInterval(() => this.#checkBookmarks(), BOOKMARK_CHECK_MS).unref();
  }

  #rest(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #checkBookmarks(): void {
    for (const feed of this.#feeds.values()) {
      feed.advanceTo(this.latestPoll);
      if (feed.hasBookmarkDue) this.schedule(feed);
    }
  }

  poll(): void {
    this.#hasNews = true;
    this.#schedule();
  }

  schedule(feed: Feed): void {
    this.#due.add(feed);
    this.#schedule();
  }

  scheduleRetry(feed: Feed): void {
    setTimeout(() => this.schedule(feed), RETRY_MS).unref();
  }

  setRoot(feed: Feed, rootId: string | null, since: TreePoll): void {
    if (this.#feeds.get(feed.key) !== feed) return;
    // A session above may have moved after the root was read.
    this.#trees.setRoot(feed, since.number < this.#lostAt ? null : rootId);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const wait = this.#nextAt - performance.now();
    if (wait <= 0) setImmediate(() => this.#serve());
    else setTimeout(() => this.#serve(), wait);
  }

  /** A round. Never rejects. */
  async #serve(): Promise<void> {
    const startedAt = performance.now();
    if (this.#hasNews || this.#mark === null) await this.#pollTrees();
    const due = this.#due;
    this.#due = new Set();
    let microseconds = 0;
    for (const { size } of due) microseconds += GATHER_US_PER_FEED + GATHER_US_PER_SUBSCRIBER * size;
    this.#nextAt = startedAt + GATHER_MS + microseconds / 1_000;
    this.#isScheduled = false;
    if (this.#hasNews) this.#schedule();
    let count = 0;
    for (const feed of due) {
      feed.serve();
      count += 1;
      if (count % FEEDS_A_TURN_MAX === 0) await nextTurn();
    }
  }

  /** Finds out which feeds something may have happened to since the latest poll. */
  async #pollTrees(): Promise<void> {
    const repository = this.#repository;
    const number = this.latestPoll.number + 1;
    this.latestBegun = number;
    // Before the store is asked: what is committed after its answer is news.
    this.#hasNews = false;
    try {
      const after = this.#mark;
      const { rootIds, mark } =
        after === null
          ? { rootIds: null, mark: await repository.mark() }
          : await repository.changedTrees(after);
      this.#touch(rootIds, number);
      this.#mark = mark;
      this.latestPoll = { number, cursor: changesCursor(repository).encode(mark) };
    } catch {
      // The feeds meet the same error when they read, and tell their subscribers.
      this.#touch(null, number);
      this.#mark = null;
      this.latestPoll = { number, cursor: null };
    }
  }

  #touch(rootIds: ReadonlySet<string> | null, number: number): void {
    if (rootIds === null) {
      this.#lostAt = number;
      this.#trees.forgetRoots();
    }
    for (const feed of rootIds === null ? this.#feeds.values() : this.#trees.of(rootIds)) {
      feed.advanceTo(this.latestPoll);
      feed.touch(number);
      this.#due.add(feed);
    }
  }
}
