import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CutProxy } from '../cut-proxy.ts';
import { freePort } from '../free-port.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { type Guard, openGuard } from './guard.ts';
import { DEBIAN_15, killPostmaster } from './server.ts';

/** Debian's. */
const PATRONI = '/usr/bin/patroni';
const ETCD = '/usr/bin/etcd';

/** Seconds after which a leader that says nothing is replaced. Patroni allows no fewer. */
const TTL = 20;
/** Milliseconds within which the cluster must come to a state: on a busy machine. */
const PATIENCE_MS = 180_000;
/** Milliseconds between two looks at who leads. */
const LOOK_MS = 100;

/** The package whose programs are missing on this machine; null if all are there. */
export function whyNoPatroni(): string | null {
  if (!existsSync(DEBIAN_15)) return 'there is no PostgreSQL 15 (apt-get install postgresql-15)';
  if (!existsSync(PATRONI)) return 'there is no patroni (apt-get install patroni)';
  if (!existsSync(ETCD)) return 'there is no etcd (apt-get install etcd-server)';
  return null;
}

interface Node {
  readonly name: string;
  readonly port: number;
  /** Of Patroni's API. */
  readonly apiPort: number;
  readonly guard: Guard;
  readonly data: string;
  daemon: Daemon | null;
}

interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly lag?: number | string;
}

/** PostgreSQLs under Patroni in synchronous mode, with etcd, and an address that leads to their leader, as a proxy of production does. */
export class PatroniCluster {
  readonly #etcd: Guard;
  readonly #nodes: readonly Node[];
  readonly #network: CutProxy;
  readonly #stopped = new AbortController();
  #leader: Node | null = null;
  #watching: Promise<void> = Promise.resolve();

  private constructor(etcd: Guard, nodes: readonly Node[], network: CutProxy) {
    this.#etcd = etcd;
    this.#nodes = nodes;
    this.#network = network;
  }

  /** Starts so many nodes, and resolves once one leads, and another is its synchronous standby. */
  static async start(count: number): Promise<PatroniCluster> {
    const [client, peer] = [await freePort(), await freePort()];
    const etcd = await openGuard('etcd');
    const nodes: Node[] = [];
    const cluster = new PatroniCluster(etcd, nodes, await CutProxy.open(null));
    try {
      await startEtcd(etcd, client, peer);
      for (let n = 0; n < count; n += 1) nodes.push(await makeNode(`node${n}`, client));
      for (const node of nodes) await startNode(node);
      cluster.#watching = cluster.#watch();
      await cluster.healthy();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** The database `postgres` of whoever leads, as its superuser. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#network.port}/postgres`;
  }

  /** kill -9 of the leader's node: of Patroni, and of PostgreSQL. Resolves once another node leads. */
  async killLeader(): Promise<void> {
    const former = this.#leader;
    if (!former) throw new Error('expected a leader, got none');
    await killNode(former);
    await this.#until('another leader', () => this.#leader !== null && this.#leader !== former);
  }

  /** Starts the nodes that were killed, and resolves once all follow the leader, one of them synchronously. */
  async healthy(): Promise<void> {
    for (const node of this.#nodes) if (!node.daemon) await startNode(node);
    await this.#until('a leader with its standbys', async () => {
      const members = this.#leader ? await membersOf(this.#leader) : [];
      return (
        members.length === this.#nodes.length &&
        members.every(({ state }) => state === 'running' || state === 'streaming') &&
        members.some(({ role }) => role === 'sync_standby')
      );
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    this.#network.close();
    for (const node of this.#nodes) {
      await killNode(node);
      await node.guard.close();
    }
    await this.#etcd.close();
  }

  /** Leads the network to the leader, and cuts it when that changes. */
  async #watch(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const leads = await Promise.all(this.#nodes.map(isLeader));
      const leader = this.#nodes.find((_, n) => leads[n]) ?? null;
      if (leader !== this.#leader) {
        this.#leader = leader;
        this.#network.lead(leader?.port ?? null);
        this.#network.cut();
      }
      await delay(LOOK_MS);
    }
  }

  async #until(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (!(await isThere())) {
      if (Date.now() > end) throw new Error(`expected ${what} in ${PATIENCE_MS / 1_000} s, got none`);
      await delay(LOOK_MS);
    }
  }
}

async function startEtcd(guard: Guard, client: number, peer: number): Promise<void> {
  const [clients, peers] = [client, peer].map((port) => `http://127.0.0.1:${port}`) as [string, string];
  await startDaemon({
    command: ETCD,
    args: [
      ...['--data-dir', join(guard.directory, 'etcd'), '--name', 'one', '--initial-cluster', `one=${peers}`],
      ...['--listen-client-urls', clients, '--advertise-client-urls', clients],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers],
    ],
    guard,
    ready: /ready to serve client requests|serving (?:insecure )?client requests/,
  });
}

/** https://patroni.readthedocs.io/en/latest/yaml_configuration.html: JSON is YAML. */
async function makeNode(name: string, etcdPort: number): Promise<Node> {
  const [port, apiPort] = [await freePort(), await freePort()];
  const guard = await openGuard('patroni');
  const data = join(guard.directory, 'data');
  const [address, api] = [`127.0.0.1:${port}`, `127.0.0.1:${apiPort}`];
  const user = { username: 'postgres' };
  const configuration = {
    scope: 'store',
    name,
    restapi: { listen: api, connect_address: api },
    etcd3: { host: `127.0.0.1:${etcdPort}` },
    bootstrap: {
      dcs: {
        ttl: TTL,
        loop_wait: 1,
        retry_timeout: 5,
        synchronous_mode: true,
        postgresql: {
          use_pg_rewind: true,
          parameters: { wal_log_hints: 'on', max_connections: 100 },
          pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }],
    },
    postgresql: {
      listen: address,
      connect_address: address,
      data_dir: data,
      bin_dir: DEBIAN_15,
      pgpass: join(guard.directory, 'pgpass'),
      authentication: { superuser: user, replication: user, rewind: user },
      parameters: { unix_socket_directories: '' },
    },
  };
  await writeFile(join(guard.directory, 'patroni.yml'), JSON.stringify(configuration));
  return { name, port, apiPort, guard, data, daemon: null };
}

async function startNode(node: Node): Promise<void> {
  node.daemon = await startDaemon({
    command: PATRONI,
    args: [join(node.guard.directory, 'patroni.yml')],
    guard: node.guard,
    ready: new RegExp(`\\(${node.name}\\), (?:the leader|a secondary)`),
  });
}

async function killNode(node: Node): Promise<void> {
  // Otherwise Patroni would start it again. What it says ends with PostgreSQL, which has its standard error, too.
  if (node.daemon) process.kill(node.daemon.pid, 'SIGSTOP');
  const text = await readFile(join(node.data, 'postmaster.pid'), 'utf8').catch(() => null);
  const pid = Number.parseInt(text ?? '', 10);
  if (existsSync(`/proc/${pid}`)) await killPostmaster(pid);
  await node.daemon?.end('SIGKILL');
  node.daemon = null;
}

/** As the proxies of Patroni's documentation ask. */
async function isLeader({ apiPort, daemon }: Node): Promise<boolean> {
  if (!daemon) return false;
  try {
    const signal = AbortSignal.timeout(2_000);
    return (await fetch(`http://127.0.0.1:${apiPort}/primary`, { signal })).ok;
  } catch {
    return false;
  }
}

async function membersOf({ apiPort }: Node): Promise<readonly Member[]> {
  try {
    const response = await fetch(`http://127.0.0.1:${apiPort}/cluster`);
    return ((await response.json()) as { members: readonly Member[] }).members;
  } catch {
    return [];
  }
}
