import type { HttpRequest } from '../peers/peer.ts';
import type { Memory } from '../process/memory.ts';
import type { Subscription } from './subscription.ts';

/** A running server with one tree of sessions, whose changes can be subscribed to. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  /** The request that writes a change: a message, to one of the sessions of the tree in turn. */
  changeOf(change: number): HttpRequest;
  subscription(transport: Subscription['transport']): Subscription;
  /** Bytes in use after a garbage collection. Null for a server that does not tell. */
  memory(): Promise<Memory | null>;
  /** How many subscriptions the server has. Null for a server that does not tell. */
  subscriptions(): Promise<number | null>;
  stop(): Promise<void>;
}

/** The columns of the table. */
export const CONTENDERS = ['sse', 'websocket', 'yoga', 'graphql-ws', 'opencode'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

export const LABELS: { readonly [name in ContenderName]: string } = {
  sse: 'Sessiontree, SSE',
  websocket: 'Sessiontree, WebSocket',
  yoga: 'Yoga, SSE, emitter',
  'graphql-ws': 'graphql-ws, emitter',
  opencode: 'opencode `/event`',
};

/** A server and the way to subscribe to it. */
export interface Contender {
  readonly name: ContenderName;
  readonly transport: Subscription['transport'];
  /** Starts the server. It writes only below the directory, which is its own. */
  start(directory: string): Promise<RunningServer>;
}
