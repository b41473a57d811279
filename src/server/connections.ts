import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Lets a server stop without cutting a request off. Node's own `closeIdleConnections` leaves those open that never sent a
 * request, as browsers keep them ready, and those whose request ends after it was called.
 */
export class Connections {
  /**
   * The answer to the latest request on each; null once it is out. An entry stays as long as its connection: what comes and goes with
   * each request must not do so in a Map or a Set (CONTRIBUTING.md, "What is under way").
   */
  readonly #latest = new Map<Socket, ServerResponse | null>();
  #draining = false;

  /** To be made before anything else listens to the server's requests. */
  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#latest.set(socket, null);
      socket.once('close', () => this.#latest.delete(socket));
    });
    server.on('request', ({ socket }, response) => {
      this.#latest.set(socket, response);
      response.once('close', () => {
        if (this.#latest.get(socket) === response) this.#latest.set(socket, null);
      });
      if (this.#draining) this.#closeAfter(response);
    });
  }

  /** Closes the connections that no request is under way on, and each other one after its last answer. */
  drain(): void {
    this.#draining = true;
    for (const [socket, response] of this.#latest) {
      if (response) this.#closeAfter(response);
      else socket.destroy();
    }
  }

  #closeAfter(response: ServerResponse): void {
    if (response.headersSent) response.once('close', () => response.req.socket.destroySoon());
    else response.setHeader('connection', 'close');
  }
}
