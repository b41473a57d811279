import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { descriptorShares } from '../descriptors.ts';
import type { Logger, Progress } from '../repository/observer.ts';
import { type OpenedStore, openStore } from '../repository/open-store.ts';
import { draftsOf } from '../schema/live/drafts.ts';
import { Admission } from './admission/admission.ts';
import { OVERLOADED } from './admission/overloaded.ts';
import { type Api, createApi } from './api.ts';
import type { AuthTexts } from './auth/auth-text.ts';
import type { Authentication } from './auth/authenticate.ts';
import { createAuthentication } from './auth/create-authentication.ts';
import { openAuthTexts } from './auth/open-auth-texts.ts';
import { lastingQuotas, Quotas } from './auth/quotas.ts';
import { Tokens } from './auth/tokens.ts';
import type { Callers } from './callers/callers.ts';
import type { Config } from './config.ts';
import { CONNECTIONS_FOR_PROBES, Connections } from './connections.ts';
import { isExplorerBuilt } from './explorer-files.ts';
import { type Listening, listen } from './listen.ts';
import { isLoopbackHost } from './loopback.ts';
import { answerRefusal, createNodeListener } from './node-listener.ts';
import { answerOddRequests } from './odd-requests.ts';
import { EXPLORER_PATH, GRAPHQL_PATH, METRICS_PATH } from './paths.ts';
import { createProbes } from './probes.ts';
import type { Refusal } from './refusal.ts';
import { createRequestRules, type RequestRules } from './request-rules.ts';
import type { ServerSettings } from './settings.ts';
import { openWatch, type Watch } from './watch.ts';

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
  /** Where the explorer is; null if it was not built. */
  readonly explorerUrl: string | null;
  /** How many subscriptions there are. */
  readonly subscriptions: () => number;
  /** Where the metrics are; null if they were not asked for. */
  readonly metricsUrl: string | null;
  /** Goes on in a new file of the audit, after the present one was moved; null if the audit has no file. */
  readonly reopenAudit: (() => void) | null;
  /**
   * Accepts no more connections, finishes pending requests, tells the clients of subscriptions to come back, and closes the store. Requests that take longer than eight seconds are cut
   * off; a second call cuts off all at once.
   */
  stop(): Promise<void>;
}

/** Opens the store and serves it. If either fails, it rejects and leaves nothing open. */
export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const watch = await openWatch(config, options.logger);
  let repository: OpenedStore | undefined;
  let texts: AuthTexts | undefined;
  try {
    repository = await openStoreOf(config, watch, options);
    texts = await openAuthTexts(config.database?.url ?? config.dataDirectory, {
      logger: options.logger,
      ...config.database,
    });
    return await serve({ config, logger: options.logger, watch, repository, texts });
  } catch (error) {
    await watch.close();
    await texts?.close();
    await repository?.discard();
    throw error;
  }
}

function openStoreOf(
  { dataDirectory, database, durability, limits }: Config,
  { onCommit }: Watch,
  { logger, onProgress }: StartOptions,
): Promise<OpenedStore> {
  const opening = { logger, limits, onCommit, ...(onProgress && { onProgress }) };
  return database
    ? openStore(database.url, { ...opening, database })
    : openStore(dataDirectory, { ...opening, files: { durability } });
}

/** What a server serves, and closes when it stops. */
interface Served {
  readonly config: Config;
  readonly logger: Logger;
  readonly watch: Watch;
  readonly repository: OpenedStore;
  readonly texts: AuthTexts;
}

async function serve({ config, logger, watch, repository, texts }: Served): Promise<RunningServer> {
  const authentication = await authenticationOf(config, new Tokens(texts.tokens, logger), logger);
  const callers = authentication.authenticate && (await callersOf(config, texts, logger));
  // `settleTarget` refuses a request without a Host header: Node.js would do so without a line in the log.
  const server = createServer({
    ...TIMEOUTS,
    requireHostHeader: false,
    shouldUpgradeCallback: asksForWebSocket,
  });
  const settings = settingsOf(config, { repository, callers, ...authentication }, watch);
  // Hears from now on what agents say through other instances: a message that ends a draft may be written through this one.
  draftsOf(settings);
  const rules = createRequestRules(settings);
  const admission = new Admission({ limits: config.limits, logger });
  const sockets = Math.max(1, descriptorShares().connections - CONNECTIONS_FOR_PROBES);
  const connections = new Connections(server, {
    connections: Math.min(config.limits.connections, sockets),
    sockets,
    writeMs: config.limits.writeMs,
    isScarce: () => admission.answers.isScarce,
    drops: admission.drops,
  });
  const api = createApi(settings, rules, admission, {
    connections: Math.max(1, Math.floor(sockets * SHARE_OF_SUBSCRIPTIONS)),
    counter: connections,
    refusalOf: (socket) => (connections.isBeyond(socket) ? TOO_MANY_CONNECTIONS : undefined),
  });
  server.on('request', createListener({ settings, rules, api, admission, connections }));
  server.on('upgrade', api.upgrade);
  answerOddRequests(server, connections, settings.logger);
  const metricsUrl = await watch.serve({ repository, live: api.live });
  const listening = await listen(server, config);
  const cutOff = () => {
    server.closeAllConnections();
    api.live.connections.destroy();
  };
  let stopped: Promise<void> | undefined;
  const origin = `http://${urlHost(config.host)}:${listening.port}${config.basePath}`;
  return {
    url: `${origin}${GRAPHQL_PATH}`,
    explorerUrl: isExplorerBuilt() ? `${origin}${EXPLORER_PATH}` : null,
    subscriptions: () => api.live.subscriptions,
    metricsUrl: metricsUrl ?? (settings.metrics ? `${origin}${METRICS_PATH}` : null),
    reopenAudit: watch.reopenAudit,
    stop() {
      if (stopped) cutOff();
      else
        stopped = drain(listening, connections, api, cutOff)
          .then(() => texts.close())
          .then(() => repository.close())
          .finally(() => watch.close());
      return stopped;
    },
  };
}

/**
 * Requests without the handshake of a WebSocket, and those that ask for another protocol, as the HTTP client of Java and curl do for HTTP/2, are answered by HTTP/1.1. Node.js before 24.9
 * ignores this, and passes them to the listener of 'upgrade', which refuses them.
 */
function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-key'] !== undefined;
}

/** The share of the connections that the system allows which subscriptions may use. */
const SHARE_OF_SUBSCRIPTIONS = 1 / 2;

const TOO_MANY_CONNECTIONS: Refusal = {
  ...OVERLOADED,
  headers: { ...OVERLOADED.headers, connection: 'close' },
};

function authenticationOf({ auth, host }: Config, tokens: Tokens, logger: Logger): Promise<Authentication> {
  if (auth.kind === 'token' && tokens.list().length === 0)
    logger.warn({}, 'there is no token yet, so every request is refused: "sessiontree token add" makes one');
  if (!isLoopbackHost(host))
    logger.warn(
      { host },
      'other machines may reach the server, and read along: put a proxy with TLS before it',
    );
  return createAuthentication(auth, tokens, logger);
}

/** Loaded only here: a server without authentication has no quotas. */
async function callersOf({ limits }: Config, { quotas }: AuthTexts, logger: Logger): Promise<Callers> {
  const { Callers } = await import('./callers/callers.ts');
  return new Callers(limits, lastingQuotas(new Quotas(quotas), logger));
}

function settingsOf(
  config: Config,
  opened: Pick<ServerSettings, 'repository' | 'callers' | keyof Authentication>,
  watch: Watch,
): ServerSettings {
  return {
    ...opened,
    logger: watch.logger,
    basePath: config.basePath,
    trustedProxies: config.trustedProxies,
    metrics: config.metrics === 'main' ? (watch.metrics ?? undefined) : undefined,
    limits: config.limits,
    allowedHosts: [urlHost(config.host), ...config.allowedHosts],
    allowedOrigins: config.allowedOrigins,
  };
}

interface ListenerOptions {
  readonly settings: ServerSettings;
  readonly rules: RequestRules;
  readonly api: Api;
  readonly admission: Admission;
  readonly connections: Connections;
}

function createListener({ settings, rules, api, admission, connections }: ListenerOptions): RequestListener {
  const { repository, logger } = settings;
  const probes = createProbes(repository, logger);
  return createNodeListener(
    (request, response) => {
      if (probes(request, response)) return;
      if (!connections.isBeyond(request.socket)) return api.handler(request, response);
      answerRefusal(request, response, TOO_MANY_CONNECTIONS, logger);
    },
    { ...rules, logger, drops: admission.drops },
  );
}

async function drain(
  listening: Listening,
  connections: Connections,
  { live }: Api,
  cutOff: () => void,
): Promise<void> {
  const closed = listening.close();
  connections.drain();
  live.connections.stop();
  const grace = setTimeout(cutOff, GRACE_MS);
  await closed;
  clearTimeout(grace);
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
