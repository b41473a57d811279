import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';
import { openFileRepository } from '../repository/files/open.ts';
import type { Logger, Progress } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { Connections } from './connections.ts';
import { createRequestListener } from './fast-path.ts';
import { GRAPHQL_PATH } from './plugins/use-routes.ts';
import { createProbes } from './probes.ts';

/** How long requests under way may take to finish once the server stops. */
const GRACE_MILLISECONDS = 10_000;

/** Against clients that hold a connection and send next to nothing; a body of 16 MiB on a slow line passes. */
const TIMEOUTS = { headersTimeout: 20_000, requestTimeout: 120_000, keepAliveTimeout: 60_000 };

export interface StartOptions {
  readonly logger: Logger;
  /** Called while the index is rebuilt. */
  readonly onProgress?: Progress;
}

export interface RunningServer {
  /** Where the API and GraphiQL are. */
  readonly url: string;
  /**
   * Takes no more connections, finishes the requests under way, and closes the store. What is not finished within ten
   * seconds is cut off; called again while it stops, it cuts off at once.
   */
  stop(): Promise<void>;
}

/** The address cannot be listened on; the message says why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Opens the data directory and serves it. Rejects, and leaves nothing open, where either cannot be done. */
export async function startServer(
  config: Config,
  { logger, onProgress }: StartOptions,
): Promise<RunningServer> {
  const repository = await openFileRepository({
    directory: config.dataDirectory,
    limits: config.limits,
    durability: config.durability,
    logger,
    ...(onProgress && { onProgress }),
  });
  const server = createServer(TIMEOUTS);
  const connections = new Connections(server);
  try {
    server.on('request', createListener(config, repository, logger));
    await listen(server, config);
  } catch (error) {
    await repository.close();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${urlHost(config.host)}:${(server.address() as AddressInfo).port}${GRAPHQL_PATH}`,
    stop() {
      if (stopped) server.closeAllConnections();
      else stopped = drain(server, connections).then(() => repository.close());
      return stopped;
    },
  };
}

function createListener(config: Config, repository: SessionRepository, logger: Logger): RequestListener {
  const api = createRequestListener({
    repository,
    logger,
    limits: config.limits,
    allowedHosts: [urlHost(config.host), ...config.allowedHosts],
    allowedOrigins: config.allowedOrigins,
  });
  const probes = createProbes(repository, logger);
  return (request, response) => {
    if (!probes(request, response)) api(request, response);
  };
}

async function listen(server: Server, { host, port }: Config): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(
      (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use. Stop what listens there, or choose another port with --port; 0 picks a free one.`
        : `Cannot listen on port ${port} of ${host}: ${(error as Error).message}. Choose others with --port and --host.`,
      { cause: error },
    );
  }
}

async function drain(server: Server, connections: Connections): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  connections.drain();
  const grace = setTimeout(() => server.closeAllConnections(), GRACE_MILLISECONDS);
  await closed;
  clearTimeout(grace);
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
