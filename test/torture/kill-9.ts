import { crashRounds } from './crash-rounds.ts';
import type { Part } from './part.ts';
import { inTemporaryDirectory } from './undo.ts';
import { LARGE_TREE_CRASH_MS, WORKLOADS, type WorkloadName } from './workloads.ts';

/** kill -9 under load. */
export const kill9 = (work: WorkloadName): Part => ({
  name: `kill -9 under load, ${work}`,
  // A round with a large tree takes several times as long.
  rounds: (asked) => (work === 'large trees' ? Math.ceil(asked / 10) : asked),
  whyNot: () => null,
  run: (options) =>
    inTemporaryDirectory((directory) =>
      crashRounds(
        {
          directory,
          strike: (store) => void store.kill(),
          recover() {},
          alsoKilled: false,
          storageErrors: 'fault',
          mutations: work === 'large trees' ? LARGE_TREE_CRASH_MS : 400,
        },
        WORKLOADS[work],
        options,
      ),
    ),
});
