import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What must be undone whatever happens: mounts, processes, directories. Undone in reverse order. */
const owed: (() => void)[] = [];

/** Registers `undo`; the returned function does it, once. */
export function owe(undo: () => void): () => void {
  owed.push(undo);
  return () => {
    const index = owed.indexOf(undo);
    if (index === -1) return;
    owed.splice(index, 1);
    undo();
  };
}

/** When the process is told to stop: what is owed by then nobody else would do. */
export function undoAll(): void {
  for (let undo = owed.pop(); undo; undo = owed.pop()) undo();
}

/** Where files are made and removed by the thousand, and no sync matters: in memory, where the system has such a place. */
export const QUICK: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Runs `work` in a directory of its own, removed after it. */
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
