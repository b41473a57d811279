import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { PGBOUNCER, startPgbouncer } from '../../support/postgres/pgbouncer.ts';
import type { Part } from '../part.ts';
import { type Oracle, onServer, troubledRounds, withInstances } from './rounds.ts';

const ANSWERS = 80;
/** Milliseconds of load in each round: a minute in the twenty rounds of the long form. */
const LOAD_MS = 3_000;

/** Instances behind a proxy that hands out a connection for each transaction. */
export const pgbouncer = (oracle: Oracle): Part => ({
  name: `pgbouncer in transaction mode, ${oracle}`,
  rounds: (asked) => Math.ceil((asked * 2) / 5),
  whyNot: () => (existsSync(PGBOUNCER) ? null : 'there is no pgbouncer (apt-get install pgbouncer)'),
  run: (options) =>
    onServer(options.seed, async ({ server, random }) => {
      const proxy = await startPgbouncer({ server, database: 'postgres' });
      try {
        const surroundings = { options: { prepare: false, listenUrl: server.url } };
        return await withInstances({ url: proxy.url, random, surroundings }, (instances) =>
          troubledRounds(
            {
              url: server.url,
              instances,
              random,
              answers: ANSWERS,
              storageErrors: 'fault',
              strike: () => delay(LOAD_MS),
            },
            oracle,
            options,
          ),
        );
      } finally {
        await proxy.stop();
      }
    }),
});
