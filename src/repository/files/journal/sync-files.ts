import { closeSync, constants, fsync, openSync } from 'node:fs';
import { sep } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

/** What is to be on the disk: files and then folders of the directory `root`, by names with `/` between their parts. */
export interface ToSync {
  readonly root: string;
  readonly names: readonly string[];
}

export interface SyncFailure {
  readonly name: string;
  readonly error: NodeJS.ErrnoException;
}

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './sync-worker.ts' : './sync-worker.js',
  import.meta.url,
);

/** With fewer files a thread takes longer to start than it spares. */
const WORTH_A_THREAD = 200;

/**
 * Syncs files, one after the other, so that it keeps neither the disk nor the threads from those who wait for an answer. Gives
 * those that could not be synced; one that is gone needs no sync.
 */
export function syncFiles(toSync: ToSync): Promise<SyncFailure[]> {
  return toSync.names.length < WORTH_A_THREAD ? syncEach(toSync, promisify(fsync)) : syncInThread(toSync);
}

/** The same, with `sync` for each open file. */
export async function syncEach(
  { root, names }: ToSync,
  sync: (fd: number) => Promise<void> | void,
): Promise<SyncFailure[]> {
  const failures: SyncFailure[] = [];
  for (const name of names) {
    try {
      const fd = openSync(root + sep + name.replaceAll('/', sep), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        // Not fdatasync: of a folder, that may leave out which files are in it.
        await sync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failures.push({ name, error: error as Error });
    }
  }
  return failures;
}

async function syncInThread(toSync: ToSync): Promise<SyncFailure[]> {
  const worker = new Worker(WORKER, { workerData: toSync });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve).on('error', reject);
    worker.on('exit', (code) => reject(new Error(`The thread that syncs files ended with ${code}.`)));
  });
}
