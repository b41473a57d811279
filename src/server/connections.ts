import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Lets a server stop without cutting a request off. Node's own `closeIdleConnections` leaves those open that never sent a
 * request, as browsers keep them ready, and those whose request ends after it was called.
 */
export class Connections {
  readonly #sockets = new Set<Socket>();
  readonly #responses = new Set<ServerResponse>();
  #draining = false;

  /** To be made before anything else listens to the server's requests. */
  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (_request, response) => {
      this.#responses.add(response);
      response.once('close', () => this.#responses.delete(response));
      if (this.#draining) this.#closeAfter(response);
    });
  }

  /** Closes the connections that no request is under way on, and each other one after its answer. */
  drain(): void {
    this.#draining = true;
    const busy = new Set<Socket>();
    for (const response of this.#responses) {
      busy.add(response.req.socket);
      this.#closeAfter(response);
    }
    for (const socket of this.#sockets) {
      if (!busy.has(socket)) socket.destroy();
    }
  }

  #closeAfter(response: ServerResponse): void {
    if (response.headersSent) response.once('close', () => response.req.socket.destroySoon());
    else response.setHeader('connection', 'close');
  }
}
