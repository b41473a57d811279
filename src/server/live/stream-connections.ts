import type { Socket } from 'node:net';
import type { Caller } from '../../model/caller.ts';
import type { DropLog } from '../admission/drop-log.ts';
import { StallDetector, type StallOptions } from '../read-progress.ts';
import type { StreamConnection } from './stream-connection.ts';

/**
 * Milliseconds between two signs of life on a connection. Proxies close connections that are silent for a minute. Pings are most of what ten
 * thousand idle connections cost.
 */
const PING_MS = 25_000;

/** Milliseconds between two checks of whether the callers may stay. */
const CALLERS_MS = 1_000;

/** What counts the other connections of a server. */
export interface ConnectionCounter {
  exclude(socket: Socket): void;
  include(socket: Socket): void;
}

export interface StreamConnectionOptions extends StallOptions {
  /** How many connections there may be. */
  readonly connections: number;
  readonly drops: DropLog;
  readonly counter: ConnectionCounter | null;
  /** Null if all callers may stay for as long as they like. */
  readonly mayStay: ((caller: Caller) => boolean) | null;
}

/** The connections that stay open for subscriptions: bounded, kept alive, and closed if their clients do not read. */
export class StreamConnections {
  readonly #options: StreamConnectionOptions;
  readonly #stalls: StallDetector;
  readonly #all = new Set<StreamConnection>();
  #timer: NodeJS.Timeout | undefined;
  #callersTimer: NodeJS.Timeout | undefined;
  #isStopping = false;
  /** The connections that are still to be pinged in this round. */
  #round = this.#all.values();
  #pingsDue = 0;

  constructor(options: StreamConnectionOptions) {
    this.#options = options;
    this.#stalls = new StallDetector(options);
  }

  get isFull(): boolean {
    return this.#all.size >= this.#options.connections;
  }

  get size(): number {
    return this.#all.size;
  }

  add(connection: StreamConnection): void {
    this.#all.add(connection);
    this.#options.counter?.exclude(connection.socket);
    // Its request was under way.
    if (this.#isStopping) connection.stop();
    this.#timer ??= setInterval(() => this.#sweep(), this.#stalls.sweepMs).unref();
    const { mayStay } = this.#options;
    if (mayStay) this.#callersTimer ??= setInterval(() => this.#expel(mayStay), CALLERS_MS).unref();
  }

  delete(connection: StreamConnection): void {
    if (!this.#all.delete(connection)) return;
    this.#options.counter?.include(connection.socket);
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    clearInterval(this.#callersTimer);
    this.#timer = undefined;
    this.#callersTimer = undefined;
  }

  /** Closes all connections, and each that is opened later, because the server stops. */
  stop(): void {
    this.#isStopping = true;
    for (const connection of this.#all) connection.stop();
  }

  #expel(mayStay: (caller: Caller) => boolean): void {
    for (const connection of this.#all)
      if (connection.caller !== null && !mayStay(connection.caller)) connection.expel();
  }

  /** Closes all connections at once. */
  destroy(): void {
    for (const { socket } of this.#all) socket.destroy();
  }

  #sweep(): void {
    const isStuck = this.#stalls.sweep();
    for (const connection of this.#all) {
      if (connection.isGivenUp || !isStuck(connection.socket, connection)) continue;
      this.#options.drops.report(READS_NO_EVENTS);
      connection.isGivenUp = true;
      connection.giveUp();
    }
    this.#ping();
  }

  /** Pings a part of the connections, so that all of ten thousand are not written to in one turn of the event loop. */
  #ping(): void {
    this.#pingsDue += (this.#all.size * this.#stalls.sweepMs) / PING_MS;
    for (; this.#pingsDue >= 1; this.#pingsDue -= 1) {
      let next = this.#round.next();
      if (next.done) {
        this.#round = this.#all.values();
        next = this.#round.next();
      }
      if (!next.done) next.value.ping();
    }
  }
}

const READS_NO_EVENTS = 'its client read nothing of a subscription (the limit writeMs)';
