import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DropLog } from './admission/drop-log.ts';

export interface ConnectionOptions {
  /** How many connections are served at once. */
  readonly connections: number;
  /** Milliseconds after which a connection is closed whose client reads nothing of its answer. */
  readonly writeMs: number;
  /** True while unread answers take much of the room for answers. A client that reads nothing then has less time. */
  readonly isScarce: () => boolean;
  readonly drops: DropLog;
}

/** Connections beyond the bound, for probes: a server that is full is alive nevertheless. */
export const CONNECTIONS_FOR_PROBES = 16;

/** Milliseconds between two looks at whether clients read. */
const SWEEP_MS = 1_000;
/** Milliseconds that a client has that reads nothing while others need the room. */
const SCARCE_WRITE_MS = 2_000;

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

interface Connection {
  /** The latest response; null once it is closed. */
  response: ServerResponse | null;
  hasAsked: boolean;
  /** On the clock of `performance.now()`: when it was accepted, or when its latest response was closed. */
  idleSince: number;
  /** Bytes that the system has taken, when they were last found to be more. */
  sentBytes: number;
  sentAt: number;
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
  #sweptAt = performance.now();
  #draining = false;

  /** Create it before anything else listens to the server's requests. */
  constructor(server: Server, options: ConnectionOptions) {
    this.#options = options;
    server.on('connection', (socket) => this.#accept(socket));
    server.on('request', ({ socket }, response) => {
      const connection = this.#all.get(socket);
      if (!connection) return;
      connection.response = response;
      connection.hasAsked = true;
      response.once('close', () => {
        if (connection.response !== response) return;
        connection.response = null;
        connection.idleSince = performance.now();
      });
      if (this.#draining) this.#closeAfter(response);
    });
    const sweepMs = Math.min(SWEEP_MS, options.writeMs / 4);
    const timer = setInterval(() => this.#sweep(sweepMs), sweepMs).unref();
    server.once('close', () => clearInterval(timer));
  }

  /** The response under way on a connection. */
  answerOn(socket: Socket): ServerResponse | null {
    return this.#all.get(socket)?.response ?? null;
  }

  /** True for a connection beyond the bound, on which only probes are answered. */
  isBeyond(socket: Socket): boolean {
    if (this.#beyond.size === 0) return false;
    if (this.#all.size <= this.#options.connections) this.#beyond.clear();
    return this.#beyond.has(socket);
  }

  /** Closes idle connections at once, and each other one after its last response. */
  drain(): void {
    this.#draining = true;
    for (const [socket, { response }] of this.#all) {
      if (response) this.#closeAfter(response);
      else socket.destroy();
    }
  }

  #accept(socket: Socket): void {
    const { connections } = this.#options;
    if (this.#all.size >= connections) this.#closeIdle();
    if (this.#all.size >= connections + CONNECTIONS_FOR_PROBES) {
      this.#close(socket, TOO_MANY);
      return;
    }
    if (this.#all.size >= connections) this.#beyond.add(socket);
    this.#all.set(socket, {
      response: null,
      hasAsked: false,
      idleSince: performance.now(),
      sentBytes: 0,
      sentAt: 0,
    });
    socket.once('close', () => {
      this.#all.delete(socket);
      this.#beyond.delete(socket);
    });
  }

  /** Closes the connection that has been idle for longest; one whose first request may be on its way only if there is no other. */
  #closeIdle(): void {
    const now = performance.now();
    let idlest: Socket | undefined;
    let since = Number.POSITIVE_INFINITY;
    let oldestNew: Socket | undefined;
    let newer = this.#all.size;
    for (const [socket, { response, hasAsked, idleSince }] of this.#all) {
      newer -= 1;
      // One that was closed just now counts until its event.
      if (response || socket.destroyed) continue;
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
    this.#all.delete(socket);
    this.#beyond.delete(socket);
    socket.destroy();
  }

  /** Closes connections whose clients read nothing. Node.js has no timeout for that by default. */
  #sweep(sweepMs: number): void {
    const { writeMs, isScarce } = this.#options;
    const now = performance.now();
    // A late sweep says that this process was busy, and nothing about the clients.
    const wasBusy = now - this.#sweptAt > sweepMs + SWEEP_MS;
    this.#sweptAt = now;
    const patience = isScarce() ? Math.min(writeMs, SCARCE_WRITE_MS) : writeMs;
    for (const [socket, connection] of this.#all) {
      const sentBytes = socket.writableLength > 0 ? bytesSent(socket) : null;
      if (sentBytes === null || wasBusy || sentBytes !== connection.sentBytes) {
        connection.sentBytes = sentBytes ?? 0;
        connection.sentAt = now;
      } else if (now - connection.sentAt >= patience) {
        this.#close(socket, 'its client read nothing of an answer (the limit writeMs)');
      }
    }
  }

  #closeAfter(response: ServerResponse): void {
    if (response.headersSent) response.once('close', () => response.req.socket.destroySoon());
    else response.setHeader('connection', 'close');
  }
}

const TOO_MANY = 'there were more than can be served at once (the limit connections, or that of open files)';

/**
 * Bytes that the system has taken from a socket. `bytesWritten` counts all of a buffer as soon as any of it is being written, which for
 * a long answer is the whole of it; net.Socket itself looks at the same queue for its timeouts.
 */
function bytesSent(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { bytesWritten: number; writeQueueSize: number } | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : 0;
}
