import type { Plugin } from 'graphql-yoga';
import type { Ticket } from './admission/ticket.ts';
import type { AdmittedSubscription, Live } from './live/live.ts';
import type { Refusal } from './refusal.ts';
import type { RequestFacts } from './request-facts.ts';
import type { RequestHead } from './request-head.ts';

/** What the plugins share. `useRequestFacts`, the first plugin, sets `facts` and `head`. */
export interface ServerContext {
  facts: RequestFacts;
  head: RequestHead;
  /** Set for a request that came through the fast path's handler. */
  readonly handedOn?: HandedOn;
  /** The IncomingMessage of node:http. Other servers may pass anything under this name. */
  readonly req?: { readonly socket?: { readonly remoteAddress?: string | undefined } };
}

/** A request whose head was checked before Yoga got it. `facts.startedAt` is when its head came. */
export interface HandedOn {
  readonly facts: RequestFacts;
  readonly head: RequestHead;
  /** The policies' refusal of the head. */
  readonly refusal?: Refusal | undefined;
  /** What the request uses of the server's room. */
  readonly ticket: Ticket;
  /** The subscriptions of the server. */
  readonly live: Live;
  /** Set by `useSubscriptions`: the answer is a stream of events, and not what Yoga answers. */
  subscription?: AdmittedSubscription;
}

export type ServerPlugin = Plugin<ServerContext, ServerContext>;
