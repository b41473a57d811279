import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Listening } from './contender.ts';

/** Listens on a free loopback port and tells the parent process. Stops and cleans up once the parent disconnects. */
export async function listen(server: Server, close: () => Promise<unknown>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
    server.close();
    server.closeAllConnections();
    await close();
  });
}

/** Sends the parent process the server's URL, and calls `stop` once the parent disconnects. */
export function announce(url: string, stop: () => Promise<unknown>): void {
  process.once('disconnect', async () => {
    await stop();
    process.exit(0);
  });
  process.send!({ url } satisfies Listening);
}
