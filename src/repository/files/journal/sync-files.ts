import { closeSync, constants, fsync, openSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { STORE_LOG } from '../layout.ts';
import { shardFolders } from '../shard-folders.ts';
import { isWantOfThreads, startThread } from '../threads.ts';

/** Files and folders of the directory `root`, by names with `/` between their parts; `all`: each that belongs to the store. */
export interface ToSync {
  readonly root: string;
  readonly names: readonly string[] | 'all';
}

export interface SyncFailure {
  readonly name: string;
  readonly error: NodeJS.ErrnoException;
}

/** With fewer files a thread takes longer to start than it spares. */
const WORTH_A_THREAD = 200;

/**
 * Makes sure that files are on the disk as they are shown. One after the other, so that it keeps neither the disk nor the threads
 * from those who wait for an answer. Gives those that could not be synced; one that is gone needs no sync.
 * Rejects where `signal` ended it before it was through with many.
 */
export function syncFiles(toSync: ToSync, signal?: AbortSignal): Promise<SyncFailure[]> {
  const { names } = toSync;
  const few = names !== 'all' && names.length < WORTH_A_THREAD;
  return few ? syncEach(toSync, promisify(fsync)) : syncInThread(toSync, signal);
}

/** The same, with `sync` for each open file. */
export async function syncEach(
  { root, names }: ToSync,
  sync: (fd: number) => Promise<void> | void,
): Promise<SyncFailure[]> {
  const failures: SyncFailure[] = [];
  for (const name of names === 'all' ? namesOfStore(root) : names) {
    try {
      const fd = await openPatiently(root + sep + name.replaceAll('/', sep));
      try {
        // Not fdatasync: of a folder, that may leave out which files are in it.
        await sync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (!GONE.has((error as NodeJS.ErrnoException).code)) failures.push({ name, error: error as Error });
    }
  }
  return failures;
}

/** There is nothing at that place, or a link, which is nothing of the store's. */
const GONE = new Set<string | undefined>(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Too many files are open: that is over sooner or later, and no fault of the disk's. */
const SCARCE = new Set<string | undefined>(['EMFILE', 'ENFILE']);
const TRIES = 600;
const BETWEEN_TRIES_MILLISECONDS = 100;

async function openPatiently(path: string): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (!SCARCE.has((error as NodeJS.ErrnoException).code) || tries === TRIES) throw error;
      await delay(BETWEEN_TRIES_MILLISECONDS);
    }
  }
}

function* namesOfStore(root: string): Generator<string> {
  yield STORE_LOG;
  const sessions = join(root, 'sessions');
  for (const shard of shardFolders({ sessions }).there) {
    for (const { name } of readdirSync(join(sessions, shard), { withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    ))
      yield `sessions/${shard}/${name}`;
    yield `sessions/${shard}`;
  }
}

async function syncInThread(toSync: ToSync, signal?: AbortSignal): Promise<SyncFailure[]> {
  let worker: Worker;
  try {
    worker = startThread(import.meta.url, 'sync-worker', toSync);
  } catch (error) {
    if (!isWantOfThreads(error)) throw error;
    return syncEach(toSync, promisify(fsync));
  }
  signal?.addEventListener('abort', () => worker.terminate(), { once: true });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve).on('error', reject);
    worker.on('exit', (code) =>
      reject(new Error(`The thread that syncs files ended with code ${code}, without an answer.`)),
    );
  });
}
