import type { Part } from '../part.ts';
import { inTemporaryDirectory } from '../undo.ts';
import { LiveRounds } from './live-rounds.ts';

/** Trees that are followed over a bad network, from a server that is killed and started again. */
export const liveTrees: Part = {
  name: 'live trees, cut connections and kill -9',
  // Two cuts of each client, and some four hundred changes, in each.
  rounds: (asked) => Math.ceil(asked / 4),
  whyNot: () => null,
  run: ({ seed, ...options }) =>
    inTemporaryDirectory((directory) => new LiveRounds(directory, seed).run(options)),
};
