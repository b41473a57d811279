import { closeSync, futimesSync, openSync, rmSync } from 'node:fs';
import { copyBytes } from '../../disk/copy-file.ts';
import type { KnownFile } from '../../disk/known-file.ts';
import { expectPlainFolder, FILE_MODE, openPlain } from '../../disk/plain-file.ts';

/** How far the clock of a file system may be ahead of that of the process. */
const CLOCK_ERROR_MS = 100;

/**
 * Copies the beginning of a plain file to `copy`, in place of what is there: `size` bytes, or all if it is null. The copy gets the `mtime`
 * (in milliseconds), or else that of the file; in place of one in the future, which would hide later changes of the backup, it gets the
 * time of the copy. It is not synced. Returns what was copied.
 */
export function stageFile(path: string, copy: string, size: number | null, mtime: number | null): KnownFile {
  expectPlainFolder(path);
  const { fd, stats } = openPlain(path);
  try {
    rmSync(copy, { force: true });
    const to = openSync(copy, 'wx', FILE_MODE);
    try {
      const wanted = mtime ?? stats.mtimeMs;
      const isOfFuture = wanted > Date.now() + CLOCK_ERROR_MS;
      const staged = {
        size: Math.min(size ?? stats.size, stats.size),
        mtime: isOfFuture ? Date.now() : wanted,
      };
      for (const _ of copyBytes(fd, 0, staged.size, to));
      const seconds = staged.mtime / 1_000;
      futimesSync(to, seconds, seconds);
      return staged;
    } finally {
      closeSync(to);
    }
  } finally {
    closeSync(fd);
  }
}
