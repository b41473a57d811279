import { setTimeout as delay } from 'node:timers/promises';
import { Sessiontree } from '@sessiontree/client';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { CutProxy } from '../../support/cut-proxy.ts';
import type { PostgresServer } from '../../support/postgres/server.ts';
import { type ServeProcess, spawnServe } from '../../support/serve-process.ts';
import type { LiveStores } from '../live/live-stores.ts';
import type { Ports } from '../live/serve.ts';
import type { Random } from '../random.ts';
import { owe } from '../undo.ts';
import type { Reader, Target } from '../workload.ts';
import { GraphqlMutations } from './graphql-mutations.ts';

/** Milliseconds that PostgreSQL, or one of the servers, is away at most: less than mutations wait for it. */
const AWAY_MS = 1_500;

/** An address at which clients find a server: another one while its own is away. */
interface Address {
  readonly network: CutProxy;
  readonly client: Sessiontree;
}

interface Running {
  readonly address: Address;
  readonly process: ServeProcess;
  readonly port: number;
  readonly forget: () => void;
}

export interface ServedOptions {
  readonly server: PostgresServer;
  /** The database of the server, of this process. */
  readonly repository: SessionRepository;
  readonly random: Random;
  readonly addresses: readonly Address[];
}

/** Servers of the command line on one database. Mutations go through the API, to any of them. */
export class ServedStores implements LiveStores {
  readonly treeLogSize = 0;
  readonly storageErrors = 'told';
  readonly #options: ServedOptions;
  #running: readonly Running[] = [];
  readonly #mutations = new GraphqlMutations();
  readonly #logs: (readonly string[])[] = [];
  /** How often PostgreSQL was shut down at once. */
  restarts = 0;
  /** How often one of the servers was killed while the others went on. */
  kills = 0;

  constructor(options: ServedOptions) {
    this.#options = options;
  }

  get ports(): readonly Ports[] {
    return this.#running.map(({ port }) => ({ live: port, queries: port }));
  }

  /** The lines in which servers tell of bugs: of errors that they mask for clients. */
  bugs(): readonly string[] {
    return this.#logs.flat().filter((line) => line.includes('"msg":"Internal error"'));
  }

  get mutate(): Target['mutate'] {
    const { random, addresses } = this.#options;
    return (mutation) => this.#mutations.mutate(random.pick(addresses).client, mutation);
  }

  reader(): Reader {
    return this.#options.repository;
  }

  async open(): Promise<void> {
    this.#running = await Promise.all(this.#options.addresses.map((address) => this.#start(address)));
    this.#lead();
  }

  async close(): Promise<void> {
    await this.#end(({ process }) => process.stop());
  }

  async kill(): Promise<void> {
    await this.#end(({ process }) => process.kill());
  }

  strike = async (moved: () => void): Promise<void> => {
    const { server, random } = this.#options;
    const away = random.below(AWAY_MS);
    // As often as the other.
    if (this.restarts === this.kills ? random.oneIn(2) : this.restarts < this.kills) {
      this.restarts += 1;
      await server.crash();
      await delay(away);
      await server.restart();
      return;
    }
    this.kills += 1;
    const killed = random.pick(this.#running);
    const others = this.#running.filter((each) => each !== killed);
    this.#running = others;
    this.#lead();
    moved();
    killed.forget();
    await killed.process.kill();
    await delay(away);
    const next = await this.#start(killed.address);
    this.#running = [...this.#running, next];
    this.#lead();
    moved();
  };

  async #start(address: Address): Promise<Running> {
    let forget = () => {};
    const process = await spawnServe(['--store', this.#options.server.url], {}, (stop) => {
      forget = owe(() => void stop());
    });
    this.#logs.push(process.log);
    return { address, process, port: Number(new URL(process.url).port), forget: () => forget() };
  }

  async #end(end: (running: Running) => Promise<void>): Promise<void> {
    const running = this.#running;
    this.#running = [];
    this.#lead();
    await Promise.all(running.map(end));
    for (const { forget } of running) forget();
  }

  #lead(): void {
    const { addresses } = this.#options;
    for (const address of addresses) {
      const own = this.#running.find((each) => each.address === address) ?? this.#running[0];
      address.network.lead(own?.port ?? null);
    }
  }
}

/** Runs `work` with so many addresses. */
export async function withAddresses<T>(
  count: number,
  work: (addresses: readonly Address[]) => Promise<T>,
): Promise<T> {
  const networks = await Promise.all(Array.from({ length: count }, () => CutProxy.open(null)));
  try {
    return await work(networks.map((network) => ({ network, client: new Sessiontree(network.url) })));
  } finally {
    for (const network of networks) network.close();
  }
}
