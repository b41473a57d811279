import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, type ListenOptions, Server as NetServer } from 'node:net';
import { LISTENING_SOCKETS } from '../descriptors.ts';
import type { Config } from './config.ts';

/** Listening on the address failed; the message says why, and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The sockets on which a server listens. */
export interface Listening {
  readonly port: number;
  /** Accepts no more connections. Resolves once all connections are closed. */
  close(): Promise<void>;
}

/**
 * Lets `server` listen. Node.js accepts one connection of a socket per turn of the event loop (libuv since 1.45, pull request 3696): behind
 * a hundred others, a new connection would wait for a hundred turns, however short its request. The server therefore listens with several
 * sockets on its port, over which the system spreads new connections, where the system has SO_REUSEPORT. Rejects with a ListenError.
 */
export async function listen(server: Server, config: Pick<Config, 'host' | 'port'>): Promise<Listening> {
  const wanted = await freeAddress(config);
  const sockets: NetServer[] = [server];
  try {
    await opened(server, { ...wanted, reusePort: true });
    const { address, port } = addressOf(server);
    for (let n = 1; n < LISTENING_SOCKETS; n += 1) {
      // As node:http opens its own.
      const more = new NetServer({ allowHalfOpen: true, noDelay: true });
      more.on('connection', (socket) => server.emit('connection', socket));
      await opened(more, { host: address, port, reusePort: true });
      sockets.push(more);
    }
  } catch {
    if (!server.listening) await opened(server, wanted).catch(refusal(config));
  }
  return {
    port: addressOf(server).port,
    close: async () => {
      const closed = Promise.all(sockets.map((one) => once(one, 'close')));
      // `http.Server.close` also destroys each connection whose answer has ended, though a slow client may still read it.
      for (const one of sockets) NetServer.prototype.close.call(one);
      await closed;
    },
  };
}

/**
 * The address to listen on. Sockets with SO_REUSEPORT would share the port with another process of this user; this one does not. In the place of
 * port 0 the system chooses one that nobody has, whether it is shared or not: one that was looked for before could be taken by now.
 */
async function freeAddress(config: Pick<Config, 'host' | 'port'>): Promise<{ host: string; port: number }> {
  const { host, port } = config;
  if (port === 0) return { host, port };
  const probe = new NetServer();
  await opened(probe, { host, port }).catch(refusal(config));
  const { address } = addressOf(probe);
  probe.close();
  await once(probe, 'close');
  return { host: address, port };
}

const addressOf = (server: NetServer) => server.address() as AddressInfo;

async function opened(server: NetServer, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}

function refusal({ host, port }: Pick<Config, 'host' | 'port'>): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    throw new ListenError(
      error.code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use. Stop what listens there, or choose another port with --port; 0 picks a free one.`
        : `Cannot listen on port ${port} of ${host}: ${error.message}. Choose others with --port and --host.`,
      { cause: error },
    );
  };
}
