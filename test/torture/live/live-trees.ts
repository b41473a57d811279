import type { Part } from '../part.ts';
import { inTemporaryDirectory } from '../undo.ts';
import { LiveRounds } from './live-rounds.ts';

/** Trees that are followed over a bad network, from a server that is killed and started again. */
export const liveTrees: Part = {
  name: 'live trees, cut connections and kill -9',
  rounds: (asked) => Math.ceil(asked / 2),
  whyNot: () => null,
  run: ({ seed, ...options }) =>
    inTemporaryDirectory((directory) => new LiveRounds(directory, seed).run(options)),
};
