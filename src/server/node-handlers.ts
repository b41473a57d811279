import type { RequestListener } from 'node:http';
import { Admission } from './admission/admission.ts';
import { createApi } from './api.ts';
import type { UpgradeListener } from './live/web-socket.ts';
import { createNodeListener } from './node-listener.ts';
import { createRequestRules } from './request-rules.ts';
import { type SessiontreeYogaOptions, withDefaults } from './settings.ts';

/** The API for a server of node:http. */
export interface NodeHandlers {
  /** For the event 'request', or for a framework that gives node:http's request and response. No body parser may run before it. */
  readonly request: RequestListener;
  /** For the event 'upgrade': operations over WebSocket, by the protocol `graphql-transport-ws`. */
  readonly upgrade: UpgradeListener;
  /** How many subscriptions there are. */
  readonly subscriptions: () => number;
  /**
   * Ends all subscriptions and WebSockets, and each that is opened later on a connection that is still there, so that `server.close()` can
   * end: their clients are told to come back. Those that do not answer are cut off after two seconds.
   */
  readonly endSubscriptions: () => void;
}

/**
 * The API for node:http: GraphQL at `/graphql`, over HTTP, server-sent events and WebSocket, and GraphiQL there for browsers. Throws a
 * RangeError for an invalid entry in `allowedOrigins`, and a TypeError for an invalid limit. The repository is neither opened nor closed.
 *
 * @example
 * const api = createNodeHandlers({ repository });
 * const server = createServer(api.request).on('upgrade', api.upgrade).listen(4000, '127.0.0.1');
 *
 * @example
 * // In a framework, the listener of 'upgrade' is that of the server below it.
 * app.use(api.request);
 * app.listen(4000, '127.0.0.1').on('upgrade', api.upgrade);
 */
export function createNodeHandlers(options: SessiontreeYogaOptions): NodeHandlers {
  const settings = withDefaults(options);
  const rules = createRequestRules(settings);
  const admission = new Admission(settings);
  const { handler, upgrade, live } = createApi(settings, rules, admission);
  const { logger } = settings;
  return {
    request: createNodeListener(handler, { ...rules, logger, drops: admission.drops }),
    upgrade,
    subscriptions: () => live.subscriptions,
    endSubscriptions: () => live.connections.stop(),
  };
}

/**
 * The API as a listener for node:http, or for a framework that gives node:http's request and response: GraphQL at `/graphql`, and GraphiQL
 * there for browsers; subscriptions over server-sent events. For those over WebSocket use `createNodeHandlers`. No body parser may run
 * before it. Throws a RangeError for an invalid entry in `allowedOrigins`, and a TypeError for an invalid limit. The listener neither opens
 * nor closes the repository.
 */
export function createRequestListener(options: SessiontreeYogaOptions): RequestListener {
  return createNodeHandlers(options).request;
}
