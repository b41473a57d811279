import { existsSync } from 'node:fs';
import { PGBOUNCER, startPgbouncer } from '../../support/postgres/pgbouncer.ts';
import type { Part } from '../part.ts';
import { type Oracle, onServer, troubledRounds, withInstances } from './rounds.ts';

const ANSWERS = 80;

/** Instances behind a proxy that hands out a connection for each transaction. */
export const pgbouncer = (oracle: Oracle): Part => ({
  name: `pgbouncer in transaction mode, ${oracle}`,
  rounds: (asked) => Math.ceil(asked / 5),
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
              async strike() {},
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
