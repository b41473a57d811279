import { crashRounds } from './crash-rounds.ts';
import { type FileSystem, LoopDisk, whyNoLoopDisk } from './loop-disk.ts';
import type { Part } from './part.ts';

/** The power goes, under load: what the disk was not told to keep is lost. */
export function powerCut(system: FileSystem): Part {
  return {
    name: `power cut, ${system}`,
    rounds: (asked) => Math.ceil(asked / 6),
    whyNot: () => whyNoLoopDisk(system),
    async run(options) {
      const disk = new LoopDisk(system);
      try {
        return await crashRounds(
          {
            directory: disk.directory,
            strike: () => disk.cutPower(),
            recover: () => disk.restart(),
            alsoKilled: true,
            storageErrors: 'unknown',
            mutations: 200,
          },
          options,
        );
      } finally {
        disk.dispose();
      }
    },
  };
}
