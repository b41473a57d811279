import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where Linux has a file system in memory. */
const MEMORY = '/dev/shm';
const PREFIX = 'sessiontree-tests-';
/** Bytes that must be free. A whole run has less at any time. */
const ENOUGH_BYTES = 4 * 1024 ** 3;
/** Milliseconds after which what a killed run has left is removed: no run takes as long. */
const STALE_MS = 86_400_000;

/**
 * Has this process, and those that it starts, keep temporary files in memory, if the system has room for that: tests would wait for the
 * disk several times as long as they work, and none can tell whether a sync has reached it. (Those that can have file systems of their
 * own: see `test/torture/loop-disk.ts`.) The files are removed when this process ends.
 */
export function keepTemporaryFilesInMemory(): void {
  if (freeBytes() < ENOUGH_BYTES) return;
  for (const name of readdirSync(MEMORY)) if (isStale(name)) remove(join(MEMORY, name));
  const directory = mkdtempSync(join(MEMORY, PREFIX));
  // As that of the system: PostgreSQL, which does not run as root, makes directories of its own in it.
  chmodSync(directory, 0o1777);
  process.once('exit', () => remove(directory));
  process.env.TMPDIR = directory;
}

/** 0 where there is no file system in memory. */
function freeBytes(): number {
  if (process.platform !== 'linux') return 0;
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, process.availableMemory());
  } catch {
    return 0;
  }
}

function isStale(name: string): boolean {
  if (!name.startsWith(PREFIX)) return false;
  const found = statSync(join(MEMORY, name), { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
