import { isDatabase } from '../../../src/repository/store-place.ts';
import { CutProxy } from '../../support/cut-proxy.ts';
import { Replica } from '../../support/replica.ts';
import { removeIndex } from '../at-rest.ts';
import type { Weights } from '../mutation.ts';
import { TreeClient } from '../own-trees/tree-client.ts';
import type { TreeMutation } from '../own-trees/tree-mutation.ts';
import { TreeMutations } from '../own-trees/tree-mutations.ts';
import { Fault, type Outcome, type PartOptions } from '../part.ts';
import { Random } from '../random.ts';
import { StoreProcess } from '../store-process.ts';
import type { Target } from '../workload.ts';
import { CLIENTS, type LiveClient } from './clients.ts';
import { type FirstFault, Follower, type Kept } from './follower.ts';
import { Queries } from './queries.ts';

/** Clients that send mutations. */
const WRITERS = 4;
const BURSTS = 3;
const MUTATIONS_A_BURST = 60;
/** One of this many answers is followed by one more cut of a random client. */
const MORE_CUTS = 40;
/** One of this many folded events leaves a replica to which a client goes back. */
const KEPT_SHARE = 10;
const KEPT_MAX = 20;

/** Small texts, so that the time goes into changes. */
const SMALL: Weights = { content: 60, largeContent: 600, largeCreations: 1e9, sessions: 150 };

/** A client library behind a network of its own, and what it follows. */
interface Library {
  readonly name: string;
  readonly network: CutProxy;
  readonly client: LiveClient;
  /** Of the whole store, and of a tree. */
  readonly followers: Follower[];
  readonly kept: Kept[];
  /** How often its connections were cut. */
  cuts: number;
  /** Changes told to followers that have ended. */
  changes: number;
}

/**
 * Clients follow trees while other clients mutate the store, connections are cut, and the server is killed, stopped, and started with or
 * without its index. Whenever a client is up to date, its replica must be what a query gives, and no change may come twice. Clients also go
 * back to replicas that they had earlier.
 */
export class LiveRounds {
  readonly #place: string;
  readonly #instances: number;
  readonly #random: Random;
  readonly #writers = Array.from({ length: WRITERS }, () => new TreeClient());
  readonly #queries = new Queries({ port: () => this.#queriesPort });
  readonly #libraries: Library[] = [];
  readonly #first: FirstFault = { fault: null };
  #queriesPort: number | null = null;
  #round = 0;
  #compared = 0;

  /** `place` is a data directory, or the URL of a database that several instances serve. */
  constructor(place: string, seed: number, instances = 1) {
    this.#place = place;
    this.#instances = instances;
    this.#random = new Random(seed);
  }

  async run({ rounds, deadline }: Pick<PartOptions, 'rounds' | 'deadline'>): Promise<Outcome> {
    const faults: string[] = [];
    try {
      for (const [name, open] of Object.entries(CLIENTS)) {
        const network = await CutProxy.open(null);
        const client = open(network.port);
        this.#libraries.push({ name, network, client, followers: [], kept: [], cuts: 0, changes: 0 });
      }
      for (; this.#round < rounds && Date.now() < deadline; this.#round += 1) await this.#runOnce();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults.push(`round ${this.#round}: ${error.message}`);
    } finally {
      this.#queries.end();
      for (const library of this.#libraries) {
        for (const follower of [...library.followers]) this.#end(library, follower);
        library.client.dispose();
        library.network.close();
      }
    }
    const acknowledged = this.#writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
    const told = this.#libraries.map(({ name, cuts, changes }) => `${name} ${changes} changes, ${cuts} cuts`);
    return {
      rounds: this.#round,
      acknowledged,
      faults,
      note: `${told.join('; ')}; ${this.#compared} comparisons`,
    };
  }

  async #runOnce(): Promise<void> {
    if (!isDatabase(this.#place) && this.#random.oneIn(4)) removeIndex(this.#place);
    const open = () => StoreProcess.open(this.#place, { serves: true });
    const stores = await Promise.all(Array.from({ length: this.#instances }, open));
    const store: Target = {
      mutate: (mutation) => this.#random.pick(stores).mutate(mutation),
      treeLogSize: 0,
    };
    try {
      this.#lead(stores);
      for (const writer of this.#writers) await writer.verify(stores[0]!.reader());
      for (const writer of this.#writers) await writer.sendAgain(store, this.#random, 1);
      for (let burst = 0; burst < BURSTS; burst += 1) {
        await Promise.all([this.#load(store, `${burst}`, this.#cutSome(burst)), this.#follow()]);
        await this.#settle(store);
        await this.#goBack();
      }
      await this.#leave(store, stores);
    } finally {
      this.#lead(null);
      await Promise.all(stores.map((each) => each.kill()));
    }
  }

  #lead(stores: readonly StoreProcess[] | null): void {
    this.#queriesPort = stores?.[0]?.ports?.queries ?? null;
    for (const [n, { network }] of this.#libraries.entries())
      network.lead(stores?.[n % stores.length]?.ports?.live ?? null);
  }

  /** Sends mutations of all kinds, from all writers. `onAnswer` is called after each answer. */
  async #load(store: Target, name: string, onAnswer: (left: number) => void): Promise<void> {
    let left = MUTATIONS_A_BURST;
    const write = async (writer: TreeClient, n: number) => {
      const mutations = new TreeMutations(this.#random, `w${n}.${this.#round}.${name}`, SMALL);
      while (left > 0) {
        if ((await writer.send(store, mutations.next(writer.model), 'fault')) === 'unanswered') return;
        left -= 1;
        onAnswer(left);
      }
    };
    // Waits for all, even if one finds a fault: each writer must get its answer.
    const ended = await Promise.allSettled(this.#writers.map(write));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  /** Each client loses its connections at least once in each burst but the first, before which some have not connected again yet. */
  #cutSome(burst: number): (left: number) => void {
    const moments = this.#libraries.map(() => this.#random.below(MUTATIONS_A_BURST));
    return (left) => {
      for (const [n, library] of this.#libraries.entries())
        if (burst > 0 && moments[n] === left) this.#cut(library);
      if (this.#random.oneIn(MORE_CUTS)) this.#cut(this.#random.pick(this.#libraries));
    };
  }

  #cut(library: Library): void {
    if (library.network.cut() > 0) library.cuts += 1;
  }

  /** Each client follows the whole store, and a tree. */
  async #follow(): Promise<void> {
    for (const library of this.#libraries) {
      for (const follower of [...library.followers])
        if (follower.isOver || this.#random.oneIn(8)) this.#end(library, follower);
      const scopes = [null, this.#anySession()];
      for (const [n, scope] of scopes.entries()) {
        const isThere = library.followers.some(({ within }) => (within === null) === (n === 0));
        if (isThere || (n === 1 && scope === null)) continue;
        const cursor = await this.#queries.cursor();
        const replica = new Replica(this.#queries, scope);
        await replica.readAll();
        // The session may have been deleted since it was chosen.
        if (scope !== null && replica.held.size === 0) continue;
        this.#start(library, { within: scope, cursor, replica });
      }
    }
  }

  #anySession(): string | null {
    const ids = this.#writers.flatMap(({ model }) => [...model.sessions.keys()]);
    return ids.length > 0 ? this.#random.pick(ids) : null;
  }

  #start(library: Library, kept: Kept): void {
    const follower = new Follower(library.name, library.client, this.#queries, kept, this.#first);
    library.followers.push(follower);
    follower.onFolded = (keep) => {
      if (!this.#random.oneIn(KEPT_SHARE)) return;
      const { kept: all } = library;
      if (all.length < KEPT_MAX) all.push(keep());
      else all[this.#random.below(KEPT_MAX)] = keep();
    };
  }

  #end(library: Library, follower: Follower): void {
    follower.stop();
    library.changes += follower.changes;
    this.#compared += follower.compared;
    const index = library.followers.indexOf(follower);
    if (index !== -1) library.followers.splice(index, 1);
  }

  /** Nothing else happens in the store: each follower must be told everything, and have it. */
  async #settle(store: Target): Promise<void> {
    const followers = this.#libraries.flatMap((library) => library.followers);
    // What happens elsewhere reaches the follower of a tree with a bookmark, which comes late: it waits for a change in its tree.
    for (const follower of followers) {
      if (follower.within === null) continue;
      await this.#touch(store, follower.within);
      await follower.caughtUp();
    }
    for (const follower of followers) if (follower.within === null) await follower.caughtUp();
  }

  /** Changes the session, if it is still there. */
  async #touch(store: Target, sessionId: string): Promise<void> {
    const owner = this.#writers.find(({ model }) => model.sessions.has(sessionId));
    if (!owner) return;
    const { archived, version } = owner.model.sessions.get(sessionId)!;
    const mutation: TreeMutation = archived
      ? { kind: 'archive', input: { sessionId, archived: false, subtree: false } }
      : { kind: 'update', input: { sessionId, title: `touched ${version}` } };
    await owner.send(store, mutation, 'fault');
  }

  /** Clients go on from replicas that they had earlier. */
  async #goBack(): Promise<void> {
    for (const library of [...this.#libraries, ...this.#libraries]) {
      const { client, kept } = library;
      if (kept.length === 0) continue;
      const name = `${library.name} from an earlier cursor`;
      const follower = new Follower(name, client, this.#queries, this.#random.pick(kept), this.#first);
      try {
        await follower.caughtUp();
      } finally {
        this.#end(library, follower);
      }
    }
  }

  /** The server ends in one way or another, mostly under load. */
  async #leave(store: Target, stores: readonly StoreProcess[]): Promise<void> {
    if (this.#random.oneIn(3)) {
      this.#lead(null);
      await Promise.all(stores.map((each) => each.close()));
      return;
    }
    const moment = this.#random.below(MUTATIONS_A_BURST);
    await this.#load(store, 'last', (left) => {
      if (left === moment) for (const each of stores) void each.kill();
    });
  }
}
