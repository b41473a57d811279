import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DropLog } from './admission/drop-log.ts';
import { type ReadProgress, StallDetector, type StallOptions } from './read-progress.ts';
import { limitUnreadBody } from './unread-body.ts';

export interface ConnectionOptions extends StallOptions {
  /** How many connections are served at once, apart from those that are lent. */
  readonly connections: number;
  /** How many connections the system allows, with those that are lent. */
  readonly sockets: number;
  readonly drops: DropLog;
}

/** Connections beyond the bound, for probes: a server that is full is alive nevertheless. */
export const CONNECTIONS_FOR_PROBES = 16;

/**
 * Milliseconds by which a connection that never asked for anything counts as idle for longer: one that is used again and again outlasts
 * a flood of others.
 */
const SILENT_MS = 500;
/**
 * Milliseconds that a new connection has for its first request before it counts as idle. Only the newest connections have them, up to a
 * share of all: a flood must not take every place.
 */
const FIRST_REQUEST_MS = 2_000;
const SHARE_OF_NEW = 1 / 4;

interface Connection extends ReadProgress {
  /** The latest response; null once it is closed. */
  response: ServerResponse | null;
  hasAsked: boolean;
  /** On the clock of `performance.now()`: when it was accepted, or when its latest response was closed. */
  idleSince: number;
  /** True while subscriptions use it: whoever borrowed it sees to it that the client reads, and ends it. */
  isExcluded: boolean;
}

/**
 * The connections of a server: their number is bounded, clients that do not read are disconnected, and the server can stop without
 * cutting off a request. Node's `closeIdleConnections` leaves two kinds of connections open: those that never sent a request, which
 * browsers open in advance, and those whose request ends after the call.
 */
export class Connections {
  /**
   * The oldest first. An entry lives as long as its connection: nothing may be added to and removed from a Map or a Set with each request
   * (CONTRIBUTING.md, "State of running requests").
   */
  readonly #all = new Map<Socket, Connection>();
  /** Connections that were accepted although there was no room. */
  readonly #beyond = new Set<Socket>();
  readonly #options: ConnectionOptions;
  readonly #stalls: StallDetector;
  #excluded = 0;
  #draining = false;

  /** Create it before anything else listens to the server's requests. */
  constructor(server: Server, options: ConnectionOptions) {
    this.#options = options;
    this.#stalls = new StallDetector(options);
    server.on('connection', (socket) => this.#accept(socket));
    server.on('request', (request, response) => {
      limitUnreadBody(request, response);
      const connection = this.#all.get(request.socket);
      if (!connection) return;
      connection.response = response;
      connection.hasAsked = true;
      response.on('close', () => {
        if (connection.response !== response) return;
        connection.response = null;
        connection.idleSince = performance.now();
      });
      if (this.#draining) this.#closeAfter(response);
    });
    const timer = setInterval(() => this.#sweep(), this.#stalls.sweepMs).unref();
    server.once('close', () => clearInterval(timer));
  }

  /** The response under way on a connection. */
  answerOn(socket: Socket): ServerResponse | null {
    return this.#all.get(socket)?.response ?? null;
  }

  /** True for a connection beyond the bound, on which only probes are answered. */
  isBeyond(socket: Socket): boolean {
    if (this.#beyond.size === 0) return false;
    if (!this.#isFull(1)) this.#beyond.clear();
    return this.#beyond.has(socket);
  }

  /** Leaves a connection to subscriptions: it is neither counted, nor closed as idle or by `drain`. */
  exclude(socket: Socket): void {
    const connection = this.#all.get(socket);
    if (!connection || connection.isExcluded) return;
    connection.isExcluded = true;
    this.#excluded += 1;
  }

  /** Counts a connection again that is not used by subscriptions any more. */
  include(socket: Socket): void {
    const connection = this.#all.get(socket);
    if (!connection?.isExcluded) return;
    connection.isExcluded = false;
    this.#excluded -= 1;
  }

  /** Closes idle connections at once, and each other one after its last response. */
  drain(): void {
    this.#draining = true;
    for (const [socket, { response, isExcluded }] of this.#all) {
      if (response) this.#closeAfter(response);
      else if (!isExcluded) socket.destroy();
    }
  }

  /** Whether there is no room for another connection, beyond the bound by less than `beyond`. */
  #isFull(beyond = 0): boolean {
    const { connections, sockets } = this.#options;
    return this.#all.size - this.#excluded >= connections + beyond || this.#all.size >= sockets + beyond;
  }

  #accept(socket: Socket): void {
    if (this.#isFull()) this.#closeIdle();
    if (this.#isFull(CONNECTIONS_FOR_PROBES)) {
      this.#close(socket, TOO_MANY);
      return;
    }
    if (this.#isFull()) this.#beyond.add(socket);
    this.#all.set(socket, {
      response: null,
      hasAsked: false,
      idleSince: performance.now(),
      isExcluded: false,
      sentBytes: 0,
      sentAt: 0,
    });
    socket.once('close', () => this.#forget(socket));
  }

  /** Closes the connection that has been idle for longest; one whose first request may be on its way only if there is no other. */
  #closeIdle(): void {
    const now = performance.now();
    let idlest: Socket | undefined;
    let since = Number.POSITIVE_INFINITY;
    let oldestNew: Socket | undefined;
    let newer = this.#all.size;
    for (const [socket, { response, hasAsked, idleSince, isExcluded }] of this.#all) {
      newer -= 1;
      // One that was closed just now counts until its event.
      if (response || isExcluded || socket.destroyed) continue;
      const isNew = !hasAsked && now - idleSince < FIRST_REQUEST_MS;
      if (isNew && newer < this.#options.connections * SHARE_OF_NEW) {
        oldestNew ??= socket;
        continue;
      }
      const counted = hasAsked ? idleSince : idleSince - SILENT_MS;
      if (counted >= since) continue;
      idlest = socket;
      since = counted;
    }
    const closed = idlest ?? oldestNew;
    if (closed) this.#close(closed, TOO_MANY);
  }

  #close(socket: Socket, reason: string): void {
    this.#options.drops.report(reason);
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.include(socket);
    this.#all.delete(socket);
    this.#beyond.delete(socket);
  }

  /** Closes connections whose clients read nothing. */
  #sweep(): void {
    const isStuck = this.#stalls.sweep();
    for (const [socket, connection] of this.#all) {
      if (!connection.isExcluded && isStuck(socket, connection)) this.#close(socket, READS_NOTHING);
    }
  }

  #closeAfter(response: ServerResponse): void {
    if (response.headersSent) response.once('close', () => response.req.socket.destroySoon());
    else response.setHeader('connection', 'close');
  }
}

const TOO_MANY = 'there were more than can be served at once (the limit connections, or that of open files)';

/** The reason for which a connection is closed whose client is stuck. */
export const READS_NOTHING = 'its client read nothing of an answer (the limit writeMs)';
