import { setImmediate as nextTurn } from 'node:timers/promises';
import { locatedError } from 'graphql';
import { accountOf } from '../../model/caller.ts';
import { type ChangesEvent, type ChangesScope, nothingAt, readChanges } from '../../schema/live/changes.ts';
import type { EventMaker, Subscribed } from './event-maker.ts';
import type { LiveEvent } from './live-event.ts';
import type { Subscriber } from './subscriber.ts';
import type { TreePoll } from './tree-poll.ts';

/** Writes to clients in one turn of the event loop: a few milliseconds of work. */
const WRITES_A_TURN_MAX = 256;

/** What a feed needs of all feeds together. */
export interface FeedHub {
  readonly latestPoll: TreePoll;
  /** The number of the poll that has begun last. */
  readonly latestBegun: number;
  /** Polls once more. */
  poll(): void;
  readonly maker: EventMaker;
  /** Serves the feed soon. */
  schedule(feed: Feed): void;
  /** Serves the feed once there may be room again. */
  scheduleRetry(feed: Feed): void;
  /** Notes the root of the feed's tree, as it was read after the poll `since`; null if there is none. */
  setRoot(feed: Feed, rootId: string | null, since: TreePoll): void;
}

/**
 * All who subscribe to the same: to the same operation with the same variables, except for the cursor from which they go on. Those who
 * stand at the same cursor share one read of the store, one execution and one text.
 */
export class Feed {
  readonly key: string;
  readonly #hub: FeedHub;
  readonly #subscription: Subscribed;
  readonly #scope: ChangesScope;
  readonly #subscribers = new Set<Subscriber>();
  /** The number of the latest poll before which something may have happened in its tree. */
  touchedAt = 0;

  constructor(key: string, hub: FeedHub, subscription: Subscribed, scope: ChangesScope) {
    this.key = key;
    this.#hub = hub;
    this.#subscription = subscription;
    this.#scope = scope;
  }

  /** The number of subscribers. */
  get size(): number {
    return this.#subscribers.size;
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  delete(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  /** Notes that something happened in its tree before the poll `number`. */
  touch(number: number): void {
    this.touchedAt = number;
    const now = performance.now();
    for (const subscriber of this.#subscribers) subscriber.behindSince ??= now;
  }

  /** Since when the subscriber furthest behind lacks something, on the clock of `performance.now()`; null if none does. */
  get behindSince(): number | null {
    let since: number | null = null;
    for (const { behindSince } of this.#subscribers)
      if (behindSince !== null && (since === null || behindSince < since)) since = behindSince;
    return since;
  }

  /** Whether the time of a bookmark has come for a subscriber. */
  get hasBookmarkDue(): boolean {
    for (const { isBookmarkDue } of this.#subscribers) if (isBookmarkDue) return true;
    return false;
  }

  /** Advances subscribers that miss nothing to the cursor of a poll that did not touch the feed, without a read. */
  advanceTo(poll: TreePoll): void {
    for (const subscriber of this.#subscribers)
      if (!subscriber.isBusy && !subscriber.isBehind(this.touchedAt)) subscriber.advanceTo(poll);
  }

  /** Begins to serve all subscribers that are behind or due for a bookmark, and whose clients read. */
  serve(): void {
    const cohorts = new Map<string, Subscriber[]>();
    for (const subscriber of this.#subscribers) {
      if (subscriber.isBusy || subscriber.isWaiting || !this.#isDue(subscriber)) continue;
      if (!subscriber.outlet.isReady) {
        this.#await(subscriber);
        continue;
      }
      const cohort = cohorts.get(subscriber.cursor);
      if (cohort) cohort.push(subscriber);
      else cohorts.set(subscriber.cursor, [subscriber]);
    }
    for (const cohort of cohorts.values()) void this.#serveCohort(cohort);
  }

  #await(subscriber: Subscriber): void {
    subscriber.isWaiting = true;
    subscriber.outlet.onceReady(() => {
      subscriber.isWaiting = false;
      this.#hub.schedule(this);
    });
  }

  /** Takes the subscribers of a cohort one page further. Never rejects. */
  async #serveCohort(cohort: readonly Subscriber[]): Promise<void> {
    for (const subscriber of cohort) subscriber.isBusy = true;
    let hadRoom = true;
    try {
      hadRoom = await this.#hub.maker.slots.run(accountOf(this.#subscription.caller), () =>
        this.#next(cohort),
      );
    } catch (error) {
      const located = locatedError(error, undefined, [this.#subscription.responseKey]);
      await this.#end(cohort, this.#hub.maker.failed(located));
    } finally {
      for (const subscriber of cohort) subscriber.isBusy = false;
    }
    if (!hadRoom) this.#hub.scheduleRetry(this);
    else if (cohort.some((subscriber) => this.#isDue(subscriber))) this.#hub.schedule(this);
  }

  #isDue(subscriber: Subscriber): boolean {
    if (!this.#subscribers.has(subscriber)) return false;
    return subscriber.isBehind(this.touchedAt) || subscriber.isBookmarkDue;
  }

  /** False if there was no room for the event: the cohort stays where it is. */
  async #next(cohort: readonly Subscriber[]): Promise<boolean> {
    const [first] = cohort.filter((subscriber) => this.#subscribers.has(subscriber));
    if (!first) return true;
    // Before the read: what is committed during the read counts as new.
    const { latestPoll: poll, maker } = this.#hub;
    const { cursor: after } = first;
    const isAnyBehind = cohort.some((subscriber) => subscriber.isBehind(this.touchedAt));
    const page = isAnyBehind ? await this.#read(after, poll) : nothingAt(after, null);
    const { latestBegun } = this.#hub;
    // The cursors of polls that began meanwhile may lie before that of the page: another one will not.
    if (isAnyBehind && latestBegun > poll.number) this.#hub.poll();
    const due = cohort.filter((subscriber) => this.#subscribers.has(subscriber) && subscriber.pass(page));
    for (const subscriber of cohort) subscriber.covers(page, poll, latestBegun);
    if (due.length === 0) return true;
    const made = await maker.make(this.#subscription, page, ({ cursor }) => cursor);
    if (!made) {
      for (const subscriber of due) subscriber.goBackTo(after);
      return false;
    }
    const { event, answer, isFatal } = made;
    try {
      if (isFatal) await this.#end(due, answer);
      else await this.#send(due, event, answer);
    } finally {
      answer.seal();
    }
    for (const subscriber of due) {
      subscriber.covers(event, poll, latestBegun);
      if (event.isOver) this.#complete(subscriber);
    }
    return true;
  }

  async #read(after: string, poll: TreePoll): Promise<ChangesEvent> {
    const page = await readChanges(this.#scope, { after });
    this.#hub.setRoot(this, page.rootId, poll);
    return page;
  }

  async #send(due: readonly Subscriber[], event: ChangesEvent, answer: LiveEvent): Promise<void> {
    await this.#forEach(due, (subscriber) => {
      subscriber.outlet.send(answer);
      subscriber.sent(event);
    });
  }

  /** Ends subscriptions with an event that has errors and no data. */
  async #end(cohort: readonly Subscriber[], answer: LiveEvent): Promise<void> {
    await this.#forEach(cohort, (subscriber) => {
      subscriber.outlet.send(answer);
      this.#complete(subscriber);
    });
  }

  #complete(subscriber: Subscriber): void {
    this.delete(subscriber);
    subscriber.outlet.complete();
  }

  /** Calls `act` for each that is still subscribed, in as many turns of the event loop as that needs. */
  async #forEach(subscribers: readonly Subscriber[], act: (subscriber: Subscriber) => void): Promise<void> {
    let count = 0;
    for (const subscriber of subscribers) {
      if (!this.#subscribers.has(subscriber)) continue;
      act(subscriber);
      count += 1;
      if (count % WRITES_A_TURN_MAX === 0) await nextTurn();
    }
  }
}
