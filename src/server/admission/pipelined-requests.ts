import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DropLog } from './drop-log.ts';

/**
 * How many requests of all connections may wait behind others of their own connection. Each takes some ten kilobytes. One connection
 * alone cannot reach the number: it is read no further while one of its requests waits.
 */
const WAITING_MAX = 4_096;

/**
 * Serves the requests of a connection one after the other. Node.js emits all requests that a client sends without waiting for answers
 * (HTTP/1.1 pipelining) at once, and keeps their answers in memory until the client reads them. RFC 9112, section 9.3.2, allows serving
 * them at once only if all are safe, which a POST is not.
 */
export class PipelinedRequests {
  readonly #serve: RequestListener;
  readonly #drops: DropLog;
  /** How many requests wait on a connection. An entry lives as long as its connection. */
  readonly #waitingOn = new WeakMap<Socket, { count: number }>();
  #waiting = 0;

  constructor(serve: RequestListener, drops: DropLog) {
    this.#serve = serve;
    this.#drops = drops;
  }

  /** Serves a request now or, if earlier ones of its connection are still being answered, once their answers are sent. */
  readonly listener: RequestListener = (request, response) => {
    // Node.js gives a response its socket once the responses before it are sent.
    if (response.socket === null) this.#wait(request, response);
    else this.#serve(request, response);
  };

  #wait(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    // Requests that were received before the connection was closed.
    if (socket.destroyed) return;
    if (this.#waiting >= WAITING_MAX) {
      this.#drops.report('too many requests waited for the answers to earlier ones of their connections');
      socket.destroy();
      return;
    }
    const waiting = this.#entryOf(socket);
    waiting.count += 1;
    this.#waiting += 1;
    socket.pause();
    response.once('socket', () => {
      waiting.count -= 1;
      this.#waiting -= 1;
      if (waiting.count === 0) socket.resume();
      // In a later turn: otherwise all requests of a connection that can be answered without waiting would share one turn.
      setImmediate(() => {
        if (!socket.destroyed) this.#serve(request, response);
      });
    });
  }

  #entryOf(socket: Socket): { count: number } {
    let entry = this.#waitingOn.get(socket);
    if (!entry) {
      const created = { count: 0 };
      entry = created;
      this.#waitingOn.set(socket, entry);
      // Node.js resumes the connection when the handler of an earlier request is done with its body.
      socket.on('resume', () => {
        if (created.count > 0) socket.pause();
      });
      // Node.js says nothing of the responses that had no socket yet.
      socket.once('close', () => {
        this.#waiting -= created.count;
        created.count = 0;
      });
    }
    return entry;
  }
}
