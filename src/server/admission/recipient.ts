import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** Who gets an answer: a response of node:http, or an `AnsweredOperation`. It emits 'close' once nobody waits for the answer any more. */
export interface Recipient {
  readonly closed: boolean;
  /** Where the body comes from, if it is still received. */
  readonly socket: Socket | null;
  once(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** An operation that came whole, over a connection that it shares with others. */
export class AnsweredOperation extends EventEmitter implements Recipient {
  readonly socket = null;
  closed = false;

  /** To be called once the answer is sent, or nobody waits for it. The second call does nothing. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('close');
  }
}
