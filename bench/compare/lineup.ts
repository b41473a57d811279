import type { Progress } from '../../src/repository/observer.ts';
import { type ContenderName, LABELS } from './contender-name.ts';
import type { CompareOptions } from './options.ts';
import {
  type DataDirectories,
  GRAPHQL,
  type GraphQLName,
  type PeerName,
  type Reached,
  type ReachedPeer,
  type Running,
} from './running.ts';

const PEER_NAMES: readonly PeerName[] = ['opencode', 'langgraph'];

/** All contenders, started and loaded. */
export interface Lineup {
  readonly sessiontree: Reached;
  readonly floor: Reached;
  /** The other contenders that use GraphQL. */
  readonly graphql: ReadonlyMap<Exclude<GraphQLName, 'sessiontree'>, Reached>;
  readonly peers: ReadonlyMap<PeerName, ReachedPeer>;
  /** The reasons why peers do not take part. */
  readonly missing: { readonly [name in ContenderName]?: string };
}

/** `data` has the data directory of each contender that reads one. `running` stops all of them. */
export async function startAll(
  running: Running,
  data: DataDirectories,
  contenders: CompareOptions['contenders'],
  report: Progress,
): Promise<Lineup> {
  const missing: { [name in ContenderName]?: string } = {};
  const peers = new Map<PeerName, ReachedPeer>();
  for (const name of PEER_NAMES.filter((name) => contenders.includes(name))) {
    const stage = `Filling ${LABELS[name]}`;
    report(stage, 0, 0);
    try {
      peers.set(name, await running.peer(name, (done, total) => report(stage, done, total)));
    } catch (error) {
      missing[name] = `did not start: ${error instanceof Error ? error.message : error}`;
    }
  }
  report('Starting the servers', 0, 0);
  const graphql = new Map<Exclude<GraphQLName, 'sessiontree'>, Reached>();
  for (const name of GRAPHQL) {
    if (name !== 'sessiontree' && contenders.includes(name)) {
      graphql.set(name, await running.graphql(name, data[name]!));
    }
  }
  const sessiontree = await running.graphql('sessiontree', data.sessiontree!);
  return { sessiontree, floor: await running.floor(), graphql, peers, missing };
}
