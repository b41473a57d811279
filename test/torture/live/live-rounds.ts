import { CutProxy } from '../../support/cut-proxy.ts';
import { Replica } from '../../support/replica.ts';
import type { Weights } from '../mutation.ts';
import { TreeClient } from '../own-trees/tree-client.ts';
import type { TreeMutation } from '../own-trees/tree-mutation.ts';
import { TreeMutations } from '../own-trees/tree-mutations.ts';
import { Fault, type Outcome, type PartOptions } from '../part.ts';
import type { Random } from '../random.ts';
import { ends } from '../workload.ts';
import type { LiveClient } from './clients.ts';
import { type FirstFault, Follower, type Kept } from './follower.ts';
import type { LiveStores } from './live-stores.ts';
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

export interface LiveOptions {
  readonly stores: LiveStores;
  /** Client libraries, by their names: given the port of a network of their own. */
  readonly clients: Readonly<Record<string, (port: number) => LiveClient>>;
  readonly random: Random;
  /** Called before each round, while the store is closed. */
  readonly prepare?: () => void;
}

/**
 * Clients follow trees while other clients mutate the store, connections are cut, and the server is killed, stopped, and started. Whenever a
 * client is up to date, its replica must be what a query gives, and no change may come twice. Clients also go back to replicas that they had
 * earlier.
 */
export class LiveRounds {
  readonly #options: LiveOptions;
  readonly #stores: LiveStores;
  readonly #random: Random;
  readonly #writers = Array.from({ length: WRITERS }, () => new TreeClient());
  readonly #queries = new Queries({ port: () => this.#queriesPort });
  readonly #libraries: Library[] = [];
  readonly #first: FirstFault = { fault: null };
  #queriesPort: number | null = null;
  #round = 0;
  #compared = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#stores = options.stores;
    this.#random = options.random;
  }

  async run({ rounds, deadline }: Pick<PartOptions, 'rounds' | 'deadline'>): Promise<Outcome> {
    const faults: string[] = [];
    try {
      for (const [name, open] of Object.entries(this.#options.clients)) {
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
    this.#options.prepare?.();
    await this.#stores.open();
    try {
      this.#lead();
      await this.#resolve(1);
      for (let burst = 0; burst < BURSTS; burst += 1) {
        const strike = burst > 0 ? this.#strike() : null;
        const cut = this.#cutSome(burst);
        const onAnswer = (left: number) => {
          cut(left);
          strike?.onAnswer(left);
        };
        await Promise.all([this.#load(`${burst}`, onAnswer), this.#follow()]);
        await strike?.struck();
        await this.#settle();
        await this.#goBack();
      }
      await this.#leave();
    } finally {
      this.#lead(false);
      await this.#stores.kill();
    }
  }

  /** Each writer finds out what became of a mutation that was in doubt, and sends it again, with some that were answered. */
  async #resolve(replayed: number): Promise<void> {
    for (const writer of this.#writers) await writer.verify(this.#stores.reader());
    for (const writer of this.#writers) await writer.sendAgain(this.#stores, this.#random, replayed);
  }

  /** Tells the networks of clients where the store is, or that it is away. */
  #lead(isThere = true): void {
    const ports = isThere ? this.#stores.ports : [];
    this.#queriesPort = ports[0]?.queries ?? null;
    for (const [n, { network }] of this.#libraries.entries())
      network.lead(ports[n % ports.length]?.live ?? null);
  }

  /** Sends mutations of all kinds, from all writers. `onAnswer` is called after each answer. */
  async #load(name: string, onAnswer: (left: number) => void): Promise<void> {
    const { storageErrors } = this.#stores;
    let left = MUTATIONS_A_BURST;
    const write = async (writer: TreeClient, n: number) => {
      const mutations = new TreeMutations(this.#random, `w${n}.${this.#round}.${name}`, SMALL);
      while (left > 0) {
        const answer = await writer.send(this.#stores, mutations.next(writer.model), storageErrors);
        if (ends(answer, storageErrors)) return;
        left -= 1;
        onAnswer(left);
      }
    };
    // Waits for all, even if one finds a fault: each writer must get its answer.
    const ended = await Promise.allSettled(this.#writers.map(write));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  /** Strikes the store once during a load, if it can be struck. */
  #strike() {
    const moment = this.#random.below(MUTATIONS_A_BURST);
    const { strike } = this.#stores;
    let striking: Promise<void> | undefined;
    return {
      onAnswer: (left: number) => {
        if (left !== moment || !strike) return;
        striking = strike(() => this.#lead());
        // It is looked at once the load has ended.
        striking.catch(() => {});
      },
      struck: async () => {
        if (!striking) return;
        await striking;
        await this.#resolve(0);
      },
    };
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
  async #settle(): Promise<void> {
    const followers = this.#libraries.flatMap((library) => library.followers);
    // What happens elsewhere reaches the follower of a tree with a bookmark, which comes late: it waits for a change in its tree.
    for (const follower of followers) {
      if (follower.within === null) continue;
      await this.#touch(follower.within);
      await follower.caughtUp();
    }
    for (const follower of followers) if (follower.within === null) await follower.caughtUp();
  }

  /** Changes the session, if it is still there. */
  async #touch(sessionId: string): Promise<void> {
    const owner = this.#writers.find(({ model }) => model.sessions.has(sessionId));
    if (!owner) return;
    const { archived, version } = owner.model.sessions.get(sessionId)!;
    const mutation: TreeMutation = archived
      ? { kind: 'archive', input: { sessionId, archived: false, subtree: false } }
      : { kind: 'update', input: { sessionId, title: `touched ${version}` } };
    await owner.send(this.#stores, mutation, 'fault');
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
  async #leave(): Promise<void> {
    if (this.#random.oneIn(3)) {
      this.#lead(false);
      await this.#stores.close();
      return;
    }
    const moment = this.#random.below(MUTATIONS_A_BURST);
    await this.#load('last', (left) => {
      if (left === moment) void this.#stores.kill();
    });
  }
}
