import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../model/caller.ts';
import { EVENT_STREAM } from '../accept.ts';
import { isRefusal } from '../auth/authenticate.ts';
import { corsHeaders, SECURITY_HEADERS, VARY } from '../browser-headers.ts';
import { answerRefusal } from '../node-listener.ts';
import { GRAPHQL_PATH } from '../paths.ts';
import type { RequestFacts } from '../request-facts.ts';
import { logRequest } from '../request-log.ts';
import type { RequestRules } from '../request-rules.ts';
import type { ServerSettings } from '../settings.ts';
import type { AdmittedSubscription, Live } from './live.ts';
import { COMPLETE_FRAME, type LiveEvent } from './live-event.ts';
import type { Outlet } from './outlet.ts';
import { TOO_MANY_SUBSCRIPTIONS } from './refusals.ts';
import { StreamConnection } from './stream-connection.ts';

/** Milliseconds after which an EventSource comes back. Its own default is three seconds or more. */
const RETRY_MS = 1_000;

/** With a comment, which shows proxies and clients that the stream has begun. */
const BEGINNING = Buffer.from(`retry: ${RETRY_MS}\n:\n\n`);
const PING = Buffer.from(':\n\n');
const STOPPING = Buffer.from(': the server stops: come back\n\n');
const EXPELLED = Buffer.from(': the token has expired or was revoked\n\n');

const STREAM_HEADERS = {
  'content-type': `${EVENT_STREAM}; charset=utf-8`,
  // A proxy that compresses would hold events back.
  'cache-control': 'no-store, no-transform',
  // nginx buffers answers otherwise.
  'x-accel-buffering': 'no',
  ...SECURITY_HEADERS,
} as const;

/** A subscription over server-sent events: an answer of node:http that does not end. */
class EventStream extends StreamConnection implements Outlet {
  readonly caller: Caller;
  readonly #response: ServerResponse;
  events = 0;

  constructor(response: ServerResponse, caller: Caller) {
    super(response.req.socket);
    this.caller = caller;
    this.#response = response;
  }

  get isReady(): boolean {
    return !this.#response.writableNeedDrain;
  }

  onceReady(listener: () => void): void {
    this.#response.once('drain', listener);
  }

  send(event: LiveEvent): void {
    if (!this.#isOpen) return;
    this.events += 1;
    this.#response.write(event.frame, event.written());
  }

  /** To write to a response that has ended is an error. */
  get #isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  complete(): void {
    if (this.#isOpen) this.#response.end(COMPLETE_FRAME);
  }

  ping(): void {
    if (this.#isOpen) this.#response.write(PING);
  }

  giveUp(): void {
    this.socket.destroy();
  }

  stop(): void {
    this.#close(STOPPING);
  }

  expel(): void {
    this.#close(EXPELLED);
  }

  /** The connection is closed, too: the client would subscribe again on it, and `server.close()` would not end. */
  #close(comment: Buffer): void {
    if (this.#isOpen) this.#response.end(comment, () => this.socket.destroySoon());
    // What is left of a stream that is complete is still sent.
    else this.socket.destroySoon();
  }
}

export interface StreamedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly facts: RequestFacts;
}

/**
 * Creates a function that answers a request with the events of its subscription. Yoga's own writer takes five times the memory for a client
 * that waits, writes no ids, and makes each event anew for each client.
 */
export function createEventStreams(
  live: Live,
  { logger }: Pick<ServerSettings, 'logger'>,
  { isAllowedOrigin }: Pick<RequestRules, 'isAllowedOrigin'>,
): (streamed: StreamedRequest, admitted: AdmittedSubscription) => void {
  return ({ request, response, facts }, admitted) => {
    facts.operation = admitted.operation;
    const { method = '' } = request;
    const { origin } = request.headers;
    const cors = origin !== undefined && isAllowedOrigin?.(origin) ? corsHeaders(origin) : [];
    const browserHeaders = { ...(isAllowedOrigin && VARY), ...Object.fromEntries(cors) };
    const headers = { ...STREAM_HEADERS, 'x-request-id': facts.id, ...browserHeaders };
    const logged = { method, path: GRAPHQL_PATH, status: 200 };
    const log = (events?: number) => logRequest(logger, facts, { ...logged, events });
    if (method === 'HEAD') {
      response.writeHead(200, headers).end();
      log();
      return;
    }
    if (response.closed) {
      log(0);
      return;
    }
    const stream = new EventStream(response, facts.caller);
    const opened = live.connections.isFull ? TOO_MANY_SUBSCRIPTIONS : live.open(admitted, stream);
    if (isRefusal(opened)) {
      answerRefusal(request, response, opened, logger, facts, browserHeaders);
      return;
    }
    // Not `once`, which takes more memory for as long as the stream lasts.
    response.on('close', () => {
      opened.end();
      live.connections.delete(stream);
      log(stream.events);
    });
    logger.requestOpened?.(facts, logged);
    response.writeHead(200, headers);
    // Alone, and then the rest: Node.js keeps the text of the head, in pieces until the head is written by itself.
    response.flushHeaders();
    response.write(BEGINNING);
    // Last, because a stream of a server that stops is ended at once.
    live.connections.add(stream);
  };
}
