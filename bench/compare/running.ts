import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, connect } from '../client/connection.ts';
import { type RunningContender, startScript } from '../contenders/contender.ts';
import { startSessiontree } from '../contenders/sessiontree.ts';
import { langgraph } from '../peers/langgraph.ts';
import { opencode } from '../peers/opencode.ts';
import type { Peer, RunningPeer } from '../peers/peer.ts';
import type { ContenderName } from './contender-name.ts';
import { fixtureTrees } from './fixture.ts';

/** Sessiontree, and the contenders that serve the same schema from the same store. */
export const GRAPHQL = ['sessiontree', 'stock-yoga', 'mercurius'] as const satisfies ContenderName[];
export type GraphQLName = (typeof GRAPHQL)[number];

/** The data directory of each. */
export type DataDirectories = { readonly [name in GraphQLName]?: string };

/** A contender and a connection to it. */
export interface Reached extends RunningContender {
  readonly connection: Connection;
}

export interface ReachedPeer {
  readonly running: RunningPeer;
  readonly connection: Connection;
  readonly operations: ReturnType<RunningPeer['operations']>;
}

const PEERS: { readonly [name in 'opencode' | 'langgraph']: Peer } = { opencode, langgraph };
export type PeerName = keyof typeof PEERS;

/** Milliseconds within which a peer must start and be loaded, or it is left out. */
const LOAD_TIMEOUT = 600_000;

/** All running contenders. `stop` stops them in the reverse order of their starts. */
export class Running {
  readonly #directory: string;
  readonly #stops: (() => Promise<unknown>)[] = [];

  /** Each contender that writes has its own folder in `directory`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  async graphql(name: GraphQLName, data: string): Promise<Reached> {
    return this.#reach(
      await (name === 'sessiontree' ? startSessiontree(data) : startScript(`${name}.ts`, data)),
    );
  }

  async floor(): Promise<Reached> {
    return this.#reach(await startScript('floor.ts', join(this.#directory, 'floor')));
  }

  /** Starts a peer, and stores the trees in it. */
  async peer(name: PeerName, report: (done: number, total: number) => void): Promise<ReachedPeer> {
    const directory = join(this.#directory, name);
    mkdirSync(directory, { recursive: true });
    const running = await PEERS[name].start(directory);
    this.#stops.push(() => running.stop());
    const connection = connect(running.url);
    this.#stops.push(() => connection.close());
    await within(LOAD_TIMEOUT, running.load(fixtureTrees(), connection, report));
    return { running, connection, operations: running.operations() };
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }

  #reach(running: RunningContender): Reached {
    this.#stops.push(() => running.stop());
    const connection = connect(running.url);
    this.#stops.push(() => connection.close());
    return { ...running, connection };
  }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Expected it within ${milliseconds / 1_000} s, and it goes on.`)),
      milliseconds,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
