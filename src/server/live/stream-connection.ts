import type { Socket } from 'node:net';
import type { Caller } from '../../model/caller.ts';
import type { ReadProgress } from '../read-progress.ts';

/** A connection that stays open for subscriptions. */
export abstract class StreamConnection implements ReadProgress {
  readonly socket: Socket;
  sentBytes = 0;
  sentAt = performance.now();
  /** True once it is being closed because its client reads nothing. */
  isGivenUp = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Sends a sign of life, for the proxies on the way and for the client. */
  abstract ping(): void;

  /** Closes the connection of a client that reads nothing. */
  abstract giveUp(): void;

  /** Closes the connection because the server stops: the client may come back at once. */
  abstract stop(): void;

  /** Who the client is; null until it has said so. */
  abstract readonly caller: Caller | null;

  /** Closes the connection because the caller's right has ended. */
  abstract expel(): void;
}
