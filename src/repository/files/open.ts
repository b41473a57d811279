import { constants, lstatSync, rmSync, statSync } from 'node:fs';
import { descriptorShares } from '../../descriptors.ts';
import type { Logger } from '../observer.ts';
import type { SessionStore, StoreReader } from '../repository.ts';
import type { StoreClock } from '../runtime/store-clock.ts';
import { findDataDirectory, makeDataDirectory } from './disk/data-directory.ts';
import { syncDirectory } from './disk/directory-sync.ts';
import { HandlePool } from './disk/handle-pool.ts';
import { acquireLock, DataDirectoryInUseError, type Lock } from './disk/lock.ts';
import { moveOtherKindsAside } from './disk/other-kinds.ts';
import { DurableFiles } from './durable/durable-files.ts';
import { replayJournal } from './durable/journal/replay.ts';
import { FileRepository } from './file-repository.ts';
import type { Layout } from './format/layout.ts';
import type { IndexDatabase } from './index/database.ts';
import { FileReader } from './read/file-reader.ts';
import { readCleanStop, writeCleanStop } from './recovery/clean-stop.ts';
import { refuseUnrestored } from './recovery/journal-faults.ts';
import { openIndex } from './recovery/open-index.ts';
import { openCurrentIndex, readIntoMemory } from './recovery/read-index.ts';
import { type FileRepositoryOptions, withDefaults } from './runtime/options.ts';
import { readLoadMark } from './scan/load-mark.ts';
import { createStoreLog, readStoreId, UnreadableStoreError } from './scan/store-id.ts';

/** A repository that is also the owner of its data directory. */
export interface OpenedRepository extends SessionStore {
  /**
   * Call instead of `close` if the repository was not used: also removes a new store without sessions, and the
   * directories that were created for it.
   */
  discard(): Promise<void>;
}

/**
 * Opens a data directory for reading and writing; creates a missing one. Brings the index up to date, or builds
 * it. Rejects with a DataDirectoryInUseError if another process owns the directory, and with an
 * UnreadableStoreError if it holds no store that this version can use, or one that `mayBeUnfinished` is about.
 */
export async function openFileRepository(options: FileRepositoryOptions): Promise<OpenedRepository> {
  const { directory, durability, limits, mayBeUnfinished, logger, onProgress, onCommit } =
    withDefaults(options);
  const data = makeDataDirectory(directory);
  const { layout } = data;
  let lock: Lock;
  try {
    lock = await acquireLock(layout, logger);
  } catch (error) {
    // Another owner relies on the directories.
    if (!(error instanceof DataDirectoryInUseError)) data.removeDirectories();
    throw error;
  }
  const handles = new HandlePool(
    layout.root,
    descriptorShares().files,
    constants.O_RDWR | constants.O_APPEND,
  );
  let db: IndexDatabase | undefined;
  try {
    if (!mayBeUnfinished) refuseUnfinished(layout);
    moveOtherKindsAside(layout, logger);
    warnIfOthersMayRead(layout.root, logger);
    const cleanStop = readCleanStop(layout);
    // From here on, the index may be newer than the mark.
    rmSync(layout.indexClean, { force: true });
    createStoreLog(layout);
    await syncDirectory(layout.root);
    const store = readStoreId(layout);
    // The replay comes before all other reading: after it, the files hold every acknowledged write.
    const { left, lost } = replayJournal(layout, store, logger);
    const durable = durability === 'disk';
    const files = new DurableFiles({ layout, store, handles, logger, durable });
    const start = { layout, store, files, cleanStop, lost, durability, logger, onProgress };
    const opened = await openIndex(start);
    db = opened.db;
    const { clock, storeLog, lastSeq, replaced, faulty, unsynced } = opened;
    const indexFile = lstatSync(layout.index);
    warnOfSlowClock(clock, logger);
    files.takeOver({ left, unsynced });
    const repository = new FileRepository({
      layout,
      store,
      db,
      files,
      handles,
      clock,
      storeLog,
      lastSeq,
      replaced,
      faulty,
      logger,
      limits,
      durable,
      onCommit,
      release: (lastSeq) => {
        try {
          if (lastSeq !== null) writeCleanStop(layout, indexFile, { lastSeq, latestTime: clock.latest });
        } finally {
          lock.release();
        }
      },
      data,
    });
    await repository.announceFormat();
    await repository.resumeRedaction();
    return repository;
  } catch (error) {
    await handles.close().catch((err) => {
      logger.warn({ err }, 'the files that the failed start had opened could not be closed');
    });
    try {
      db?.close();
      data.removeStore();
    } catch (err) {
      logger.warn({ err }, 'what was made for the start that failed could not be taken away');
    } finally {
      lock.release();
    }
    data.removeDirectories();
    throw error;
  }
}

/**
 * Opens a data directory for reading, and changes nothing there; another process may write to it meanwhile. If
 * the index may not be current, all files are read into an index in memory. Rejects with an
 * UnreadableStoreError if there is no store that this version can read, or if a start has to restore
 * acknowledged writes from the journal first.
 */
export async function openFileRepositoryForReading(options: FileRepositoryOptions): Promise<StoreReader> {
  const { directory, logger, onProgress } = withDefaults(options);
  const layout = findDataDirectory(directory);
  const store = readStoreId(layout);
  refuseUnrestored(layout, store);
  const reading = { layout, store, logger, onProgress };
  const db = (await openCurrentIndex(reading)) ?? (await readIntoMemory(reading));
  const handles = new HandlePool(layout.root, descriptorShares().files, constants.O_RDONLY);
  return new FileReader({ store, layout, db, handles, logger });
}

function refuseUnfinished(layout: Layout): void {
  if (readLoadMark(layout) === null) return;
  throw new UnreadableStoreError(
    `${layout.root}: another store is being copied here, and is not whole yet. Finish that with "sessiontree copy", or begin again with an ` +
      'empty directory.',
  );
}

/** Permissions of the group and of others. */
const OF_OTHERS = 0o077;

/** New files are their owner's alone. Those of earlier versions are not changed without being asked. */
function warnIfOthersMayRead(root: string, logger: Logger): void {
  // Windows has no such permissions, and reports some that mean nothing.
  if (process.platform === 'win32' || (statSync(root).mode & OF_OTHERS) === 0) return;
  logger.warn(
    { directory: root },
    'other users of this system may have access to the data directory; "chmod -R go-rwx" on it shuts them out',
  );
}

/** Milliseconds by which a correct clock may be off: no warning is logged up to this difference. */
const CLOCK_ERROR_MS_MAX = 1_000;

function warnOfSlowClock({ latest }: StoreClock, logger: Logger): void {
  const behind = latest - Date.now();
  if (behind <= CLOCK_ERROR_MS_MAX) return;
  logger.warn(
    { latest: new Date(latest).toISOString() },
    `the system's clock is ${Math.round(behind / 1_000)} s behind the latest time in the store, from which times go on slowly until ` +
      'the clock has caught up. Is it set right?',
  );
}
