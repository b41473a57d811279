import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { reset } from './reset.ts';

export interface CutProxyOptions {
  /** Answers a request for a WebSocket as proxies do that know none. */
  readonly refusesWebSockets?: boolean;
}

/** A network that can fail: a proxy of which all connections can be cut at once. Its port stays the same when the server's changes. */
export class CutProxy {
  readonly #server: Server;
  readonly #refusesWebSockets: boolean;
  /** The connections of clients, each with its connection to the server. */
  readonly #pairs = new Map<Socket, Socket>();
  #target: number | null;
  /** Connections so far that asked for a WebSocket. */
  webSockets = 0;

  private constructor(target: number | null, { refusesWebSockets = false }: CutProxyOptions) {
    this.#target = target;
    this.#refusesWebSockets = refusesWebSockets;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Listens on a free port, for the server at `target`; null refuses all connections. */
  static async open(target: number | null, options: CutProxyOptions = {}): Promise<CutProxy> {
    const proxy = new CutProxy(target, options);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The URL of the API behind the proxy. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/graphql`;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** From now on, connections go to the server at `target`; with null they are refused. */
  lead(target: number | null): void {
    this.#target = target;
  }

  /** Cuts all connections without a farewell. Returns how many clients lost theirs. */
  cut(): number {
    const cut = this.#pairs.size;
    for (const client of this.#pairs.keys()) reset(client);
    return cut;
  }

  /** Passes on nothing more of the open connections, and keeps them open. */
  freeze(): void {
    for (const [client, server] of this.#pairs) server.unpipe(client).resume();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #accept(client: Socket): void {
    if (this.#target === null) {
      reset(client);
      return;
    }
    const server = connect(this.#target, '127.0.0.1');
    this.#pairs.set(client, server);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#pairs.delete(client);
        other.destroy();
      });
    }
    client.once('data', (head: Buffer) => {
      const isWebSocket = /^upgrade: websocket/im.test(head.toString('latin1'));
      if (isWebSocket) this.webSockets += 1;
      if (isWebSocket && this.#refusesWebSockets) {
        client.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      server.write(head);
      client.pipe(server);
    });
    server.pipe(client);
  }
}
