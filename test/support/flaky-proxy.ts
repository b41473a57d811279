import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { reset } from './reset.ts';

export interface FlakyProxy {
  readonly port: number;
  /** The number of lost answers. */
  readonly lost: () => number;
}

/** A proxy for the server at `port` that loses the answer of every other connection, after the request took effect. */
export async function openFlakyProxy(port: number): Promise<FlakyProxy> {
  let connections = 0;
  let lost = 0;
  const proxy = createServer((client) => {
    const loses = connections++ % 2 === 0;
    const server = connect(port, '127.0.0.1');
    client.pipe(server);
    if (loses) {
      server.once('data', () => {
        lost += 1;
        reset(client);
        server.destroy();
      });
    } else {
      server.pipe(client);
    }
    const end = () => {
      client.destroy();
      server.destroy();
    };
    client.on('error', end);
    server.on('error', end);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  return { port: (proxy.address() as AddressInfo).port, lost: () => lost };
}
