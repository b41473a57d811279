import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { startDaemon } from './daemon.ts';
import { openGuard } from './guard.ts';

export interface PgbouncerOptions {
  /** Whose connections it pools, as the user of this URL. */
  readonly server: { readonly url: string };
  /** The name of a database of the server. */
  readonly database: string;
  /** How many connections to the server it opens. Default: 4. */
  readonly poolSize?: number;
}

export interface Pgbouncer {
  /** The database, through the pool. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Debian's. */
export const PGBOUNCER = '/usr/sbin/pgbouncer';

/** Starts Debian's pgbouncer in transaction mode on a free port of 127.0.0.1. It ends at the latest with this process. */
export async function startPgbouncer(options: PgbouncerOptions): Promise<Pgbouncer> {
  const { hostname, port: serverPort, username } = new URL(options.server.url);
  const guard = await openGuard('pgbouncer');
  try {
    const port = await freePort();
    const file = join(guard.directory, 'pgbouncer.ini');
    await writeFile(
      file,
      `[databases]
${options.database} = host=${hostname} port=${serverPort} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${options.poolSize ?? 4}
`,
    );
    const daemon = await startDaemon({ command: PGBOUNCER, args: [file], guard, ready: /process up/ });
    return {
      url: `postgres://${username}@127.0.0.1:${port}/${options.database}`,
      port,
      async stop() {
        await daemon.end('SIGTERM');
        await guard.close();
      },
    };
  } catch (error) {
    await guard.close();
    throw error;
  }
}
