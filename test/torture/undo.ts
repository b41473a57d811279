import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Cleanups that must run in any case: of mounts, processes, directories. They run in reverse order. */
const owed: (() => void)[] = [];

/** Registers the cleanup `undo`. The returned function runs it, once. */
export function owe(undo: () => void): () => void {
  owed.push(undo);
  return () => {
    const index = owed.indexOf(undo);
    if (index === -1) return;
    owed.splice(index, 1);
    undo();
  };
}

/** Runs the remaining cleanups when the process is told to stop. */
export function undoAll(): void {
  for (let undo = owed.pop(); undo; undo = owed.pop()) undo();
}

/** A directory for thousands of short-lived files that need no sync: in memory, if the system has such a place. */
export const QUICK: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Runs `work` in a new directory, which is removed afterwards. */
export async function inTemporaryDirectory<T>(
  work: (directory: string) => Promise<T>,
  parent: string = tmpdir(),
): Promise<T> {
  const directory = mkdtempSync(join(parent, 'sessiontree-torture-'));
  const remove = owe(() => rmSync(directory, { recursive: true, force: true }));
  try {
    return await work(directory);
  } finally {
    remove();
  }
}
