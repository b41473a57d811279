import { CutProxy } from '../../support/cut-proxy.ts';
import type { PostgresServer } from '../../support/postgres/server.ts';
import { startStandby } from '../../support/postgres/standby.ts';
import type { Outcome, Part, PartOptions } from '../part.ts';
import { DURABLE, type Oracle, onServer, troubledRounds, withInstances } from './rounds.ts';
import { query } from './verify-store.ts';

const ANSWERS = 80;
const STANDBY = 'standby';

const REPLICATION = { wal_level: 'replica', max_wal_senders: 8, hot_standby: 'on' };

/** A primary with its synchronous standby, and a network that leads to the primary. */
class Pair {
  readonly network: CutProxy;
  primary: PostgresServer;
  #standby: PostgresServer | null = null;
  readonly #first: PostgresServer;

  constructor(primary: PostgresServer, network: CutProxy) {
    this.primary = primary;
    this.#first = primary;
    this.network = network;
  }

  /** Gives the primary a standby, without which it commits nothing from then on. */
  async pair(): Promise<void> {
    const settings = { ...DURABLE, ...REPLICATION };
    this.#standby = await startStandby(this.primary, { name: STANDBY, settings });
    await query(this.primary.url, `ALTER SYSTEM SET synchronous_standby_names = '${STANDBY}'`);
    await query(this.primary.url, 'SELECT pg_reload_conf()');
    for (let isSynchronous = false; !isSynchronous; ) {
      const rows = await query<{ sync_state: string }>(
        this.primary.url,
        'SELECT sync_state, pg_sleep(0.05)::text FROM pg_stat_replication',
      );
      isSynchronous = rows.some(({ sync_state }) => sync_state === 'sync');
    }
  }

  /** kill -9 of the primary: the standby takes its place. */
  async promote(): Promise<void> {
    const [former, next] = [this.primary, this.#standby!];
    this.network.lead(null);
    this.network.cut();
    await former.kill();
    await query(next.url, 'SELECT pg_promote()');
    await query(next.url, 'ALTER SYSTEM RESET synchronous_standby_names');
    await query(next.url, 'SELECT pg_reload_conf()');
    this.primary = next;
    this.#standby = null;
    this.network.lead(next.port);
    if (former !== this.#first) await former.stop();
  }

  async stop(): Promise<void> {
    this.network.close();
    for (const server of [this.#standby, this.primary])
      if (server && server !== this.#first) await server.stop();
  }
}

/** The primary is killed under load, and its synchronous standby promoted. */
export const promotion = (oracle: Oracle): Part => ({
  name: `a synchronous standby promoted, ${oracle}`,
  rounds: (asked) => Math.ceil(asked / 2),
  whyNot: () => null,
  run: (options) => onServer(options.seed, (place) => promotions(place, oracle, options), REPLICATION),
});

async function promotions(
  { server, random }: Parameters<Parameters<typeof onServer>[1]>[0],
  oracle: Oracle,
  options: PartOptions,
): Promise<Outcome> {
  const network = await CutProxy.open(server.port);
  const pair = new Pair(server, network);
  const url = new URL(server.url);
  url.port = `${network.port}`;
  try {
    await pair.pair();
    return await withInstances({ url: url.href, random }, (instances) =>
      troubledRounds(
        {
          url: url.href,
          instances,
          random,
          answers: ANSWERS,
          storageErrors: 'told',
          strike: () => pair.promote(),
          settle: () => pair.pair(),
        },
        oracle,
        options,
      ),
    );
  } finally {
    await pair.stop();
  }
}
