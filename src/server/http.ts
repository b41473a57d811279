import { createServer, type RequestListener, type Server } from 'node:http';
import { descriptorShares } from '../descriptors.ts';
import { openFileRepository } from '../repository/files/open.ts';
import type { Logger, Progress } from '../repository/observer.ts';
import type { SessionRepository } from '../repository/repository.ts';
import { Admission } from './admission/admission.ts';
import { OVERLOADED } from './admission/overloaded.ts';
import type { Config } from './config.ts';
import { CONNECTIONS_FOR_PROBES, Connections } from './connections.ts';
import { createRequestHandler } from './fast-path.ts';
import { type Listening, listen } from './listen.ts';
import { answerRefusal, createNodeListener } from './node-listener.ts';
import { answerOddRequests } from './odd-requests.ts';
import { GRAPHQL_PATH } from './paths.ts';
import { createProbes } from './probes.ts';
import type { Refusal } from './refusal.ts';
import { createRequestRules } from './request-rules.ts';

/** Milliseconds that a stop may take. The caller of `stop` ends the process then. */
export const STOP_MS_MAX = 10_000;
/** Milliseconds that pending requests may take once the server stops. The rest is left to the store. */
const GRACE_MS = STOP_MS_MAX - 2_000;

/** In milliseconds. They close connections of clients that send almost nothing, but allow 32 MiB over a slow line. */
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
   * Accepts no more connections, finishes pending requests, and closes the store. Requests that take longer than eight seconds are cut
   * off; a second call cuts off all at once.
   */
  stop(): Promise<void>;
}

/** Opens the data directory and serves it. If either fails, it rejects and leaves nothing open. */
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
  // `settleTarget` refuses a request without a Host header: Node.js would do so without a line in the log.
  const server = createServer({ ...TIMEOUTS, requireHostHeader: false });
  const admission = new Admission({ limits: config.limits, logger });
  const sockets = Math.max(1, descriptorShares().connections - CONNECTIONS_FOR_PROBES);
  const connections = new Connections(server, {
    connections: Math.min(config.limits.connections, sockets),
    sockets,
    writeMs: config.limits.writeMs,
    isScarce: () => admission.answers.isScarce,
    drops: admission.drops,
  });
  let listening: Listening;
  try {
    server.on('request', createListener({ config, repository, admission, connections, logger }));
    answerOddRequests(server, connections, logger);
    listening = await listen(server, config);
  } catch (error) {
    await repository.discard();
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${urlHost(config.host)}:${listening.port}${GRAPHQL_PATH}`,
    stop() {
      if (stopped) server.closeAllConnections();
      else stopped = drain(server, listening, connections).then(() => repository.close());
      return stopped;
    },
  };
}

const TOO_MANY_CONNECTIONS: Refusal = {
  ...OVERLOADED,
  headers: { ...OVERLOADED.headers, connection: 'close' },
};

interface ListenerOptions {
  readonly config: Config;
  readonly repository: SessionRepository;
  readonly admission: Admission;
  readonly connections: Connections;
  readonly logger: Logger;
}

function createListener({
  config,
  repository,
  admission,
  connections,
  logger,
}: ListenerOptions): RequestListener {
  const settings = {
    repository,
    logger,
    limits: config.limits,
    allowedHosts: [urlHost(config.host), ...config.allowedHosts],
    allowedOrigins: config.allowedOrigins,
  };
  const rules = createRequestRules(settings);
  const api = createRequestHandler(settings, rules, admission);
  const probes = createProbes(repository, logger);
  return createNodeListener(
    (request, response) => {
      if (probes(request, response)) return;
      if (!connections.isBeyond(request.socket)) return api(request, response);
      answerRefusal(request, response, TOO_MANY_CONNECTIONS, logger);
    },
    { ...rules, logger, drops: admission.drops },
  );
}

async function drain(server: Server, listening: Listening, connections: Connections): Promise<void> {
  const closed = listening.close();
  connections.drain();
  const grace = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(grace);
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
