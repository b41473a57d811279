import { crashRounds } from './crash-rounds.ts';
import { type FileSystem, LoopDisk, whyNoLoopDisk } from './loop-disk.ts';
import type { Part } from './part.ts';
import { LARGE_TREE_CRASH_MS, WORKLOADS, type WorkloadName } from './workloads.ts';

/** A power cut under load: writes that were not synced are lost. */
export function powerCut(system: FileSystem, work: WorkloadName): Part {
  return {
    name: `power cut, ${system}, ${work}`,
    // A round with a large tree takes longer.
    rounds: (asked) => Math.ceil(asked / (work === 'large trees' ? 10 : 6)),
    whyNot: () => whyNoLoopDisk(system),
    async run(options) {
      const disk = new LoopDisk(system);
      try {
        return await crashRounds(
          {
            directory: disk.directory,
            strike(store) {
              // The cut takes as long as a change of a large tree, which would be at its end.
              if (work === 'large trees') store.pause();
              disk.cutPower();
              if (work === 'large trees') store.resume();
            },
            recover: () => disk.restart(),
            alsoKilled: true,
            storageErrors: 'unknown',
            mutations: work === 'large trees' ? LARGE_TREE_CRASH_MS : 200,
          },
          WORKLOADS[work],
          options,
        );
      } finally {
        disk.dispose();
      }
    },
  };
}
