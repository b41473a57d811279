import { openPostgresRepository } from '../../../src/repository/postgres/open.ts';
import { LiveRounds } from '../live/live-rounds.ts';
import { TYPED_CLIENTS } from '../live/typed-clients.ts';
import type { Part } from '../part.ts';
import { onServer } from './rounds.ts';
import { ServedStores, withAddresses } from './served-stores.ts';
import { faultsOfStore } from './verify-store.ts';

const SERVERS = 2;

/**
 * Trees that are followed and mutated with `@sessiontree/client`, through two processes of `sessiontree serve`. PostgreSQL is shut down at once
 * and started again, and a server is killed, while clients mutate.
 */
export const liveServed: Part = {
  name: 'live trees through two servers, restarts of PostgreSQL and kill -9 of a server',
  rounds: (asked) => Math.ceil(asked / 4),
  whyNot: () => null,
  run: ({ seed, ...options }) =>
    onServer(seed, async ({ server, random }) => {
      const repository = await openPostgresRepository({ url: server.url });
      try {
        return await withAddresses(SERVERS, async (addresses) => {
          const stores = new ServedStores({ server, repository, random, addresses });
          const outcome = await new LiveRounds({ stores, clients: TYPED_CLIENTS, random }).run(options);
          const found = outcome.faults.length > 0 ? outcome.faults : await faultsOfStore(server.url);
          const faults = [...found, ...stores.bugs().map((line) => `a server told its operator: ${line}`)];
          const note = `${outcome.note}; PostgreSQL restarted ${stores.restarts} times, a server killed ${stores.kills} times`;
          return { ...outcome, faults, note };
        });
      } finally {
        await repository.close();
      }
    }),
};
