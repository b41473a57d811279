import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Listening } from './contender.ts';

/** Listens on a free port of loopback and tells the parent; once that lets go, stops and cleans up. */
export async function listen(server: Server, close: () => Promise<unknown>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  announce(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
    server.close();
    server.closeAllConnections();
    await close();
  });
}

/** Tells the parent where the server answers, and calls `stop` once the parent lets go. */
export function announce(url: string, stop: () => Promise<unknown>): void {
  process.once('disconnect', async () => {
    await stop();
    process.exit(0);
  });
  process.send!({ url } satisfies Listening);
}
