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
    inTemporaryDirectory(async (directory) => {
      const random = new Random(seed);
      let begun = 0;
      let withoutIndex = 0;
      const prepare = () => {
        begun += 1;
        // The first round begins with an empty store. The short form has only one more.
        if (begun === 1 || (begun > 2 && !random.oneIn(4))) return;
        removeIndex(directory);
        withoutIndex += 1;
      };
      const stores = new OpenStores(directory, random);
      const outcome = await new LiveRounds({ stores, clients: CLIENTS, random, prepare }).run(options);
      return { ...outcome, note: `${outcome.note}; rounds begun without the index: ${withoutIndex}` };
    }),
};
