import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface CutProxy {
  /** The URL of the API behind the proxy. */
  readonly url: string;
  /** Connections that are open. */
  readonly open: number;
  /** Connections so far that asked for a WebSocket. */
  readonly webSockets: number;
  /** Cuts all connections. */
  cut(): void;
  /** Passes on nothing more of the open connections, and keeps them open. */
  freeze(): void;
}

export interface CutProxyOptions {
  /** Answers a request for a WebSocket as proxies do that know none. */
  readonly refusesWebSockets?: boolean;
}

/** A proxy for the server at `url` whose connections a test can cut. `url` is asked for at each connection. */
export async function openCutProxy(
  url: () => string,
  { refusesWebSockets = false }: CutProxyOptions = {},
): Promise<CutProxy> {
  const clients = new Map<Socket, Socket>();
  let webSockets = 0;
  const proxy = createServer((client) => {
    const server = connect(Number(new URL(url()).port), '127.0.0.1');
    clients.set(client, server);
    const end = () => {
      clients.delete(client);
      client.destroy();
      server.destroy();
    };
    client.on('error', end).on('close', end);
    server.on('error', end).on('close', end);
    client.once('data', (head: Buffer) => {
      const isWebSocket = /^upgrade: websocket/im.test(head.toString('latin1'));
      if (isWebSocket) webSockets += 1;
      if (isWebSocket && refusesWebSockets) {
        client.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      server.write(head);
      client.pipe(server);
    });
    server.pipe(client);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => {
    for (const client of clients.keys()) client.resetAndDestroy();
  };
  onTestFinished(() => {
    cut();
    proxy.close();
  });
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/graphql`,
    get open() {
      return clients.size;
    },
    get webSockets() {
      return webSockets;
    },
    cut,
    freeze() {
      for (const [client, server] of clients) server.unpipe(client).resume();
    },
  };
}
