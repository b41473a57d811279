import { closeSync, constants, fstatSync, fsync, openSync } from 'node:fs';
import { join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { isOutOfThreads, startThread } from '../../../../threads.ts';
import { listShard, shardFolders } from '../../disk/shard-folders.ts';
import { STORE_LOG } from '../../format/layout.ts';

/**
 * Files and folders of the directory `root`, by names with `/` between their parts; `all` means everything
 * that belongs to the store.
 */
export interface ToSync {
  readonly root: string;
  readonly names: readonly string[] | 'all';
}

export interface SyncFailure {
  readonly name: string;
  readonly error: NodeJS.ErrnoException;
}

/** With fewer files, starting a thread takes longer than the thread saves. */
const WORTH_A_THREAD = 200;

export interface SyncSignals {
  /** Aborts the sync of many files in a worker thread. */
  readonly signal?: AbortSignal;
  /** Once its signal is aborted, the files that are left are synced side by side. */
  readonly hurry?: Hurry;
}

export interface Hurry {
  readonly signal: AbortSignal;
  /** Called when the signal is aborted: the number of files to sync at a time. */
  readonly width: () => number;
}

/** Files of which each is taken once, by whichever thread comes first. */
export interface Syncing extends ToSync {
  /** The number of names that are taken. */
  readonly taken: Int32Array;
}

/**
 * Syncs files, one after the other, so that requests still get their share of the disk and of the thread
 * pool. Resolves with the files that could not be synced; a file that is gone needs no sync. Rejects if
 * `signal` aborted it before the worker thread was done with many files.
 */
export async function syncFiles(toSync: ToSync, { signal, hurry }: SyncSignals = {}): Promise<SyncFailure[]> {
  const { names } = toSync;
  const syncing = { ...toSync, taken: new Int32Array(new SharedArrayBuffer(4)) };
  const syncLeft = () => syncEach(syncing, promisify(fsync), hurry?.width());
  if (hurry?.signal.aborted) return syncLeft();
  const few = names !== 'all' && names.length < WORTH_A_THREAD;
  const running = [few ? syncEach(syncing, promisify(fsync)) : syncInThread(syncing, signal)];
  const help = () => running.push(syncLeft());
  hurry?.signal.addEventListener('abort', help, { once: true });
  try {
    await running[0];
  } finally {
    hurry?.signal.removeEventListener('abort', help);
  }
  return (await Promise.all(running)).flat();
}

/** As `syncFiles`, with `sync` applied to each open file, and `width` files at a time. */
export async function syncEach(
  syncing: Syncing,
  sync: (fd: number) => Promise<void> | void,
  width = 1,
): Promise<SyncFailure[]> {
  const { root } = syncing;
  const failures: SyncFailure[] = [];
  const left = namesLeft(syncing);
  const syncOneByOne = async () => {
    for (const name of left) {
      try {
        const fd = await openPatiently(root + sep + name.replaceAll('/', sep));
        try {
          const stats = fstatSync(fd);
          // Not fdatasync: for a folder, fdatasync may omit the list of its files.
          if (stats.isFile() || stats.isDirectory()) await sync(fd);
        } finally {
          closeSync(fd);
        }
      } catch (error) {
        if (!GONE.has((error as NodeJS.ErrnoException).code)) failures.push({ name, error: error as Error });
      }
    }
  };
  await Promise.all(Array.from({ length: width }, syncOneByOne));
  return failures;
}

function* namesLeft({ root, names, taken }: Syncing): Generator<string> {
  if (names === 'all') yield* namesOfStore(root);
  else for (let n = Atomics.add(taken, 0, 1); n < names.length; n = Atomics.add(taken, 0, 1)) yield names[n]!;
}

/** Nothing is there, or a link or a socket, which do not belong to the store. */
const GONE = new Set<string | undefined>(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENODEV']);

/** Too many files are open: a passing shortage, not a fault of the disk. */
const SCARCE = new Set<string | undefined>(['EMFILE', 'ENFILE']);
const TRIES = 600;
const BETWEEN_TRIES_MS = 100;

async function openPatiently(path: string): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (!SCARCE.has((error as NodeJS.ErrnoException).code) || tries === TRIES) throw error;
      await delay(BETWEEN_TRIES_MS);
    }
  }
}

function* namesOfStore(root: string): Generator<string> {
  yield STORE_LOG;
  const sessions = join(root, 'sessions');
  for (const shard of shardFolders({ sessions }).there) {
    // A folder that cannot be listed cannot be opened either: its own sync reports that.
    for (const entry of listShard({ sessions }, shard).entries ?? [])
      if (entry.isFile()) yield `sessions/${shard}/${entry.name}`;
    yield `sessions/${shard}`;
  }
}

async function syncInThread(syncing: Syncing, signal?: AbortSignal): Promise<SyncFailure[]> {
  let worker: Worker;
  try {
    worker = startThread(import.meta.url, 'sync-worker', syncing);
  } catch (error) {
    if (!isOutOfThreads(error)) throw error;
    return syncEach(syncing, promisify(fsync));
  }
  signal?.addEventListener('abort', () => worker.terminate(), { once: true });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve).on('error', reject);
    worker.on('exit', (code) =>
      reject(new Error(`The thread that syncs files ended with code ${code}, without an answer.`)),
    );
  });
}
