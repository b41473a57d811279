import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Above the ports of services that may run on a machine. */
const FIRST = 20_000;
/** Below those that the system gives to connections by itself. */
const END = Math.min(firstOfSystem(), 32_768);

/** Linux tells; other systems begin at 49,152. */
function firstOfSystem(): number {
  try {
    return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
  } catch {
    return 49_152;
  }
}

let next = FIRST + Math.floor(Math.random() * Math.max(END - FIRST, 0));

/**
 * A port of 127.0.0.1 on which nothing listens, and another one each time. It is none of those that the system gives to connections: such a
 * port could be taken by any of them before its server listens, also by one that asks whether the server listens already.
 */
export async function freePort(): Promise<number> {
  // Where the system leaves none, it has to do with one of its own.
  if (!(END > FIRST)) return (await listenOnce(0))!;
  for (;;) {
    const port = next;
    next = next + 1 < END ? next + 1 : FIRST;
    if ((await listenOnce(port)) !== null) return port;
  }
}

/** The port; null if it is in use. */
async function listenOnce(wanted: number): Promise<number | null> {
  const server = createServer();
  const listening = once(server, 'listening');
  server.listen(wanted, '127.0.0.1');
  try {
    await listening;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}
