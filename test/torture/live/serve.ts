import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Limits } from '../../../src/model/limits.ts';
import type { Logger } from '../../../src/repository/observer.ts';
import type { SessionRepository } from '../../../src/repository/repository.ts';
import { createNodeHandlers, type NodeHandlers } from '../../../src/server/node-handlers.ts';

/** The ports at which a store is served. */
export interface Ports {
  /** For subscriptions. Events have room for few changes, so that a client that was away gets several. */
  readonly live: number;
  /** For queries, with the limits of `sessiontree serve`. */
  readonly queries: number;
}

export interface Served {
  readonly ports: Ports;
  /** Tells the clients of subscriptions to come back. */
  stop(): Promise<void>;
}

const FEW_CHANGES: Partial<Limits> = { objects: 100 };

/** Serves an open store on free ports. */
export async function serve(repository: SessionRepository, logger: Logger): Promise<Served> {
  const live = createNodeHandlers({ repository, logger, limits: FEW_CHANGES });
  const queries = createNodeHandlers({ repository, logger });
  const servers = [await listen(live), await listen(queries)] as const;
  const [livePort, queriesPort] = servers.map((server) => (server.address() as AddressInfo).port);
  return {
    ports: { live: livePort!, queries: queriesPort! },
    async stop() {
      const closed = servers.map((server) => once(server, 'close'));
      for (const server of servers) server.close();
      for (const { endSubscriptions } of [live, queries]) endSubscriptions();
      for (const server of servers) server.closeIdleConnections();
      await Promise.all(closed);
    },
  };
}

async function listen({ request, upgrade }: NodeHandlers): Promise<Server> {
  const server = createServer(request).on('upgrade', upgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
