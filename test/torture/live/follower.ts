import type { Replica, ReplicaMessage, ReplicaReads, ReplicaSession } from '../../support/replica.ts';
import { Fault } from '../part.ts';
import { type ChangesTold, type LiveClient, MESSAGES_AT_ONCE } from './clients.ts';
import { differenceFrom, type Queries, replicaMessage } from './queries.ts';

/** A replica, and the cursor up to which it has everything. */
export interface Kept {
  readonly within: string | null;
  readonly cursor: string;
  readonly replica: Replica;
}

/** Milliseconds within which a follower must have everything: it may have to connect again first. */
const PATIENCE_MS = 10_000;
/** Milliseconds within which it must be told that it has: longer than the server takes until it sends a bookmark. */
const BOOKMARK_PATIENCE_MS = 40_000;
/** Milliseconds between two looks whether a follower has everything. */
const LOOK_MS = 1_000;

/** The first fault that any of several followers has found. */
export interface FirstFault {
  fault: Fault | null;
}

/** What an event says of sessions and messages, and queries for the rest. */
class EventReads implements ReplicaReads {
  readonly #queries: Queries;
  event: ChangesTold | null = null;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  tree(top: string | null): Promise<readonly ReplicaSession[] | null> {
    return this.#queries.tree(top);
  }

  async session(id: string): Promise<ReplicaSession | null> {
    const change = this.event?.changes.find(({ sessionId }) => sessionId === id);
    return change ? change.session : this.#queries.session(id);
  }

  async messages(sessionId: string, from: number): Promise<readonly ReplicaMessage[]> {
    const appended = this.event?.changes.find(
      (change) =>
        change.kind === 'APPENDED' && change.sessionId === sessionId && change.fromPosition === from,
    );
    if (appended && appended.messages.length < MESSAGES_AT_ONCE) return appended.messages.map(replicaMessage);
    return this.#queries.messages(sessionId, from);
  }
}

/** A client that follows a tree, or the whole store, and folds what it is told into a replica. */
export class Follower {
  readonly name: string;
  readonly within: string | null;
  readonly #queries: Queries;
  readonly #reads: EventReads;
  readonly #replica: Replica;
  readonly #stop: () => void;
  /** The latest event that is folded in. */
  #last: ChangesTold | null = null;
  #cursor: string;
  #folded: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isOver = false;
  #isStopped = false;
  readonly #first: FirstFault;
  #wake = () => {};
  /** Called after each event that is folded in, with a function that keeps the replica as it is then. */
  onFolded: (keep: () => Kept) => void = () => {};
  changes = 0;
  /** How often the replica was compared with a fresh query of the same moment. */
  compared = 0;

  /** Follows with `client`, from what is kept. */
  constructor(
    name: string,
    client: LiveClient,
    queries: Queries,
    { within, cursor, replica }: Kept,
    first: FirstFault,
  ) {
    this.#first = first;
    this.name = `${name}, ${within === null ? 'the store' : `the tree of "${within}"`}`;
    this.within = within;
    this.#queries = queries;
    this.#reads = new EventReads(queries);
    this.#replica = replica.copy(this.#reads);
    this.#cursor = cursor;
    this.#stop = client.watch(within, cursor, {
      next: (event) => this.#next(event),
      error: (error) => this.#fail(`the subscription failed: ${shownError(error)}`),
      complete: () => this.#complete(),
    });
  }

  /** The tree is deleted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  stop(): void {
    this.#isStopped = true;
    this.#stop();
  }

  #fail(what: string): void {
    if (this.#isStopped) return;
    this.#first.fault ??= new Fault(`${this.name}: ${what}`);
    this.#wake();
  }

  #next(event: ChangesTold): void {
    if (this.#isStopped) return;
    this.#waiting += 1;
    this.#folded = this.#folded
      .then(() => this.#fold(event))
      .catch((error: Error) => this.#fail(error.message))
      .finally(() => {
        this.#waiting -= 1;
        this.#wake();
      });
  }

  async #fold(event: ChangesTold): Promise<void> {
    const { cursor, changes, isReset } = event;
    if (isReset)
      throw new Fault(`a reset after ${this.#cursor}, although no other program changed the store`);
    if (this.#isOver) throw new Fault('an event after the deletion of the tree');
    const isOver = changes.some(({ kind, sessionId }) => kind === 'DELETED' && sessionId === this.within);
    // A client that goes on from the cursor of the deletion is told of it again, also if nothing has happened since.
    if (changes.length > 0 && cursor === this.#cursor && !isOver)
      throw new Fault(`the changes up to ${cursor} came twice`);
    this.#reads.event = event;
    await this.#replica.apply({ ...event, changes: changes.map(withoutOrdinals), isOver });
    this.changes += changes.length;
    this.#cursor = cursor;
    this.#last = event;
    this.#isOver = isOver;
    // As soon as it is known that nothing happened meanwhile, the replica must be as the store is.
    if (event.isUpToDate && this.#waiting === 1) await this.#compare();
    this.onFolded(() => ({ within: this.within, cursor, replica: this.#replica.copy() }));
  }

  #complete(): void {
    if (this.#isStopped) return;
    void this.#folded.then(() => {
      if (!this.#isOver) this.#fail('the subscription ended, and the tree is not deleted');
    });
  }

  /** Compares the replica with the store, if the store is where the replica is before and after. */
  async #compare(): Promise<boolean> {
    if ((await this.#queries.cursor()) !== this.#cursor) return false;
    const difference = await this.#difference();
    if ((await this.#queries.cursor()) !== this.#cursor) return false;
    if (difference !== null) throw new Fault(`at ${this.#cursor}, ${difference}`);
    this.compared += 1;
    return true;
  }

  /**
   * While nothing happens in the store: resolves once the follower was told everything. Throws a Fault if its replica is wrong then, or if
   * any follower has found one.
   */
  async caughtUp(): Promise<void> {
    const cursor = await this.#queries.cursor();
    const started = Date.now();
    while (!this.#hasAll(cursor)) {
      const waited = Date.now() - started;
      const difference = waited > PATIENCE_MS ? await this.#difference() : null;
      if (difference !== null && !this.#hasAll(cursor))
        throw new Fault(`${this.name}: not told for ${waited} ms; at ${this.#cursor}, ${difference}`);
      if (waited > BOOKMARK_PATIENCE_MS)
        throw new Fault(`${this.name}: has everything, and was not told so for ${waited} ms`);
      await this.#nextEvent();
    }
    const difference = await this.#difference();
    if (difference !== null) throw new Fault(`${this.name}: at ${this.#cursor}, ${difference}`);
    this.compared += 1;
  }

  #hasAll(cursor: string): boolean {
    if (this.#first.fault) throw this.#first.fault;
    const isThere = this.#last?.isUpToDate && this.#cursor === cursor;
    return this.#waiting === 0 && (isThere || this.#isOver);
  }

  #difference(): Promise<string | null> {
    return differenceFrom(this.#replica, this.within, this.#queries);
  }

  /** Resolves once something is folded in, or a look is due. */
  #nextEvent(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A reader of GraphQL does not get the ordinals of REPLACED, but the messages. */
const withoutOrdinals = ({ kind, sessionId, fromPosition }: ChangesTold['changes'][number]) => ({
  ...{ kind, sessionId, fromPosition },
  formerParentId: null,
  ordinals: [],
});

function shownError(error: unknown): string {
  return error instanceof Error ? `${error.stack}, ${String(error.cause)}` : JSON.stringify(error);
}
