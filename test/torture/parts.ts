import { cutFiles } from './cut-files.ts';
import { failingDisk } from './failing-disk.ts';
import { flippedBitsOfFiles, flippedBitsOfIndex } from './flipped-bits.ts';
import { kill9 } from './kill-9.ts';
import { liveTrees } from './live/live-trees.ts';
import { fileSizeLimit, fullDisk } from './no-room.ts';
import type { Part } from './part.ts';
import { powerCut } from './power-cut.ts';
import { twoProcesses } from './two-processes.ts';

/** All parts of the suite, with the names that `--only` accepts. */
export const PARTS: Readonly<Record<string, Part>> = {
  'kill-9': kill9('shared sessions'),
  'kill-9-trees': kill9('own trees'),
  'kill-9-large-trees': kill9('large trees'),
  'power-cut-ext4': powerCut('ext4', 'shared sessions'),
  'power-cut-ext4-trees': powerCut('ext4', 'own trees'),
  'power-cut-ext4-large-trees': powerCut('ext4', 'large trees'),
  'power-cut-xfs': powerCut('xfs', 'shared sessions'),
  'power-cut-xfs-trees': powerCut('xfs', 'own trees'),
  'cut-files': cutFiles,
  'flipped-bits': flippedBitsOfFiles,
  'flipped-index': flippedBitsOfIndex,
  'full-disk': fullDisk('shared sessions'),
  'full-disk-trees': fullDisk('own trees'),
  'file-size-limit': fileSizeLimit,
  'failing-disk': failingDisk('shared sessions'),
  'failing-disk-trees': failingDisk('own trees'),
  'two-processes': twoProcesses,
  live: liveTrees,
};
