import { cutFiles } from './cut-files.ts';
import { failingDisk } from './failing-disk.ts';
import { flippedBitsOfFiles, flippedBitsOfIndex } from './flipped-bits.ts';
import { kill9 } from './kill-9.ts';
import { fileSizeLimit, fullDisk } from './no-room.ts';
import type { Part } from './part.ts';
import { powerCut } from './power-cut.ts';
import { twoProcesses } from './two-processes.ts';

/** All of the suite, by the names that `--only` takes. */
export const PARTS: Readonly<Record<string, Part>> = {
  'kill-9': kill9,
  'power-cut-ext4': powerCut('ext4'),
  'power-cut-xfs': powerCut('xfs'),
  'cut-files': cutFiles,
  'flipped-bits': flippedBitsOfFiles,
  'flipped-index': flippedBitsOfIndex,
  'full-disk': fullDisk,
  'file-size-limit': fileSizeLimit,
  'failing-disk': failingDisk,
  'two-processes': twoProcesses,
};
