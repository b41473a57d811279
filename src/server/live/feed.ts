import { setImmediate as nextTurn } from 'node:timers/promises';
import { locatedError } from 'graphql';
import { type ChangesEvent, type ChangesScope, readChanges } from '../../schema/live/changes.ts';
import type { EventMaker, Subscribed } from './event-maker.ts';
import type { LiveEvent } from './live-event.ts';
import type { Subscriber } from './subscriber.ts';

/** Writes to clients in one turn of the event loop: a few milliseconds of work. */
const WRITES_A_TURN_MAX = 256;

/** What a feed needs of all feeds together. */
export interface FeedHub {
  /** How often the store has said that there are new commits. */
  readonly commits: number;
  readonly maker: EventMaker;
  /** Looks at all feeds soon. */
  schedule(): void;
  /** Looks at all feeds once there may be room again. */
  scheduleRetry(): void;
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

  constructor(key: string, hub: FeedHub, subscription: Subscribed, scope: ChangesScope) {
    this.key = key;
    this.#hub = hub;
    this.#subscription = subscription;
    this.#scope = scope;
  }

  get isEmpty(): boolean {
    return this.#subscribers.size === 0;
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
  }

  delete(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
  }

  /** Whether the time of a bookmark has come for a subscriber. */
  get hasBookmarkDue(): boolean {
    for (const { isBookmarkDue } of this.#subscribers) if (isBookmarkDue) return true;
    return false;
  }

  /** Begins to serve all subscribers that are behind, and whose clients read. */
  serve(): void {
    const { commits } = this.#hub;
    const cohorts = new Map<string | null, Subscriber[]>();
    for (const subscriber of this.#subscribers) {
      if (subscriber.isBusy || subscriber.isWaiting || !subscriber.isBehind(commits)) continue;
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
      this.#hub.schedule();
    });
  }

  /** Takes the subscribers of a cohort one page further. Never rejects. */
  async #serveCohort(cohort: readonly Subscriber[]): Promise<void> {
    for (const subscriber of cohort) subscriber.isBusy = true;
    let hadRoom = true;
    try {
      hadRoom = await this.#hub.maker.slots.run(() => this.#next(cohort));
    } catch (error) {
      const located = locatedError(error, undefined, [this.#subscription.field]);
      await this.#end(cohort, this.#hub.maker.failed(located));
    } finally {
      for (const subscriber of cohort) subscriber.isBusy = false;
    }
    if (!hadRoom) this.#hub.scheduleRetry();
    else if (cohort.some((subscriber) => this.#isBehind(subscriber))) this.#hub.schedule();
  }

  #isBehind(subscriber: Subscriber): boolean {
    return this.#subscribers.has(subscriber) && subscriber.isBehind(this.#hub.commits);
  }

  /** False if there was no room for the event: the cohort stays where it is. */
  async #next(cohort: readonly Subscriber[]): Promise<boolean> {
    const [first] = cohort.filter((subscriber) => this.#subscribers.has(subscriber));
    if (!first) return true;
    // Before the read: what is committed during the read counts as new.
    const { commits, maker } = this.#hub;
    const { cursor: after } = first;
    const page = await readChanges(this.#scope, { after });
    const due = cohort.filter((subscriber) => this.#subscribers.has(subscriber) && subscriber.pass(page));
    for (const subscriber of cohort) subscriber.covers(page, commits);
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
      subscriber.covers(event, commits);
      if (event.isOver) this.#complete(subscriber);
    }
    return true;
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
