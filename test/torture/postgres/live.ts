import { CLIENTS } from '../live/clients.ts';
import { LiveRounds } from '../live/live-rounds.ts';
import { OpenStores } from '../live/live-stores.ts';
import type { Part } from '../part.ts';
import { onServer } from './rounds.ts';

const INSTANCES = 2;

/** Trees that are followed over a bad network, through two instances that are killed and started again; mutations go to either. */
export const live: Part = {
  name: 'live trees through two instances, cut connections and kill -9',
  rounds: (asked) => Math.ceil(asked / 4),
  whyNot: () => null,
  run: ({ seed, ...options }) =>
    onServer(seed, ({ server, random }) => {
      const stores = new OpenStores(server.url, random, INSTANCES);
      return new LiveRounds({ stores, clients: CLIENTS, random }).run(options);
    }),
};
