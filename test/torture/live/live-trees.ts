import { removeIndex } from '../at-rest.ts';
import type { Part } from '../part.ts';
import { Random } from '../random.ts';
import { inTemporaryDirectory } from '../undo.ts';
import { CLIENTS } from './clients.ts';
import { LiveRounds } from './live-rounds.ts';
import { OpenStores } from './live-stores.ts';

/** Trees that are followed over a bad network, from a server that is killed, and started again with or without its index. */
export const liveTrees: Part = {
  name: 'live trees, cut connections and kill -9',
  // Two cuts of each client, and some four hundred changes, in each.
  rounds: (asked) => Math.ceil(asked / 4),
  whyNot: () => null,
  run: ({ seed, ...options }) =>
    inTemporaryDirectory((directory) => {
      const random = new Random(seed);
      const prepare = () => {
        if (random.oneIn(4)) removeIndex(directory);
      };
      const stores = new OpenStores(directory, random);
      return new LiveRounds({ stores, clients: CLIENTS, random, prepare }).run(options);
    }),
};
