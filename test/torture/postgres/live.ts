import { LiveRounds } from '../live/live-rounds.ts';
import type { Part } from '../part.ts';
import { onServer } from './rounds.ts';

const INSTANCES = 2;

/** Trees that are followed over a bad network, through two instances that are killed and started again; mutations go to either. */
export const live: Part = {
  name: 'live trees through two instances, cut connections and kill -9',
  rounds: (asked) => Math.ceil(asked / 4),
  whyNot: () => null,
  run: ({ seed, ...options }) =>
    onServer(seed, ({ server }) => new LiveRounds(server.url, seed, INSTANCES).run(options)),
};
