import { sep } from 'node:path';
import { findDataDirectory } from '../../disk/data-directory.ts';
import type { KnownFile } from '../../disk/known-file.ts';
import { isDiskFull } from '../../disk/storage-error.ts';
import { isFaultOfOneFile, isGone, reasonOf } from '../../disk/unreadable-file.ts';
import { absoluteSessionPath, sessionPath } from '../../format/layout.ts';
import type { StoreToRead } from '../../recovery/read-index.ts';
import { type FileRepositoryOptions, withDefaults } from '../../runtime/options.ts';
import { Pace } from '../../runtime/pace.ts';
import { readLoadMark } from '../../scan/load-mark.ts';
import { readStoreId } from '../../scan/store-id.ts';
import type { Problem } from '../check.ts';
import { BackupError } from './backup-error.ts';
import { BackupDestination } from './destination.ts';
import { listSessionFiles, type Snapshot, takeSnapshot } from './snapshot.ts';

export interface BackupOptions extends Pick<FileRepositoryOptions, 'directory' | 'logger' | 'onProgress'> {
  /** The directory of the backup. */
  readonly destination: string;
  /**
   * Milliseconds for which a server may leave a write out of its index that its files have: a large deletion takes that long, and all
   * writes after it wait. Default: 60,000.
   */
  readonly indexWaitMs?: number;
}

const INDEX_WAIT_MS = 60_000;

export interface BackupReport {
  readonly sessionCount: number;
  /** Bytes of all session files of the backup, and of its log. */
  readonly bytes: number;
  /** Files that were copied; the others were in the earlier backup. */
  readonly copiedCount: number;
  readonly copiedBytes: number;
  /** Files of sessions that were deleted since the earlier backup. */
  readonly removedCount: number;
  /** What is damaged in the store, or is not in the backup as it should be. The backup was made all the same. */
  readonly problems: readonly Problem[];
}

/** How often the copy is brought up to a new moment because sessions were deleted meanwhile. */
const PASSES_MAX = 20;

/**
 * Copies the store in `directory` to `destination`, as it was at one moment between two mutations; a server may write to it meanwhile. An
 * earlier backup there is brought up to that moment: only files that differ are copied, and the earlier backup stays as it was until all
 * of them are on the disk.
 *
 * The moment is a snapshot of the index: it has the acknowledged size of each file, and files only grow. The file of a session that is
 * deleted while the files are copied is missing: then the copy is brought up to a later snapshot.
 */
export async function backUpDataDirectory(options: BackupOptions): Promise<BackupReport> {
  const { directory, logger, onProgress } = withDefaults(options);
  const layout = findDataDirectory(directory);
  const store = readStoreId(layout);
  if (readLoadMark(layout) !== null)
    throw new BackupError(
      `Another store is being copied into ${layout.root}, and is not whole yet: finish that first.`,
    );
  const reading: StoreToRead = { layout, store, logger, onProgress };
  const destination = await BackupDestination.open(options.destination, layout, store, logger);
  try {
    const backup = new Backup(reading, destination, options.indexWaitMs ?? INDEX_WAIT_MS);
    await backup.copy();
    return await backup.finish();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const kept = destination.earlier.size > 0 ? ' The earlier backup is there as it was.' : '';
    throw new BackupError(
      `The disk of ${destination.layout.root} is full: no backup was made.${kept} Make room, and make the backup again.`,
      { cause: error },
    );
  } finally {
    destination.close();
  }
}

class Backup {
  readonly #reading: StoreToRead;
  readonly #destination: BackupDestination;
  readonly #indexWaitMs: number;
  #snapshot!: Snapshot;
  #problems: Problem[] = [];

  constructor(reading: StoreToRead, destination: BackupDestination, indexWaitMs: number) {
    this.#indexWaitMs = indexWaitMs;
    this.#reading = reading;
    this.#destination = destination;
  }

  /** Stages what differs from the store as it was at one moment. */
  async copy(): Promise<void> {
    const { layout } = this.#reading;
    const destination = this.#destination;
    /** Sessions whose files are gone: a deletion is in the next snapshot. */
    let lost: ReadonlySet<string> = new Set();
    for (let pass = 1; pass <= PASSES_MAX; pass += 1) {
      const listed = listSessionFiles(layout);
      this.#snapshot = await takeSnapshot(this.#reading, listed, {
        others: destination.earlier.keys(),
        indexWaitMs: this.#indexWaitMs,
      });
      this.#problems = [...this.#snapshot.problems];
      lost = await this.#stage(listed, lost);
      if (lost.size === 0) {
        destination.stageLog(layout, this.#snapshot.logSize);
        destination.unstage((id) => this.#isInStore(id));
        return;
      }
    }
    throw new BackupError(
      `Sessions were deleted each of the ${PASSES_MAX} times that the files were copied: no backup was made. ` +
        'Make the backup again when fewer sessions are deleted.',
    );
  }

  /** Returns the sessions whose files are gone, except those of which that was `expected`. */
  async #stage(
    listed: ReadonlyMap<string, KnownFile>,
    expected: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>> {
    const { layout, onProgress } = this.#reading;
    const { sessions, unindexed } = this.#snapshot;
    const lost = new Set<string>();
    const pace = new Pace(TURN_MS);
    const ids = this.#ids();
    for (const [done, id] of ids.entries()) {
      onProgress('Copying sessions', done, ids.length);
      if (pace.isDue) await pace.rest();
      const known = unindexed.has(id) ? undefined : sessions.get(id);
      const now = listed.get(id);
      // A file that has grown since has the time of a later moment.
      const wanted = known && now?.size !== known.size ? known : now;
      if (wanted && this.#destination.has(id, wanted)) continue;
      try {
        const { size = null, mtime = null } = wanted ?? {};
        const copied = this.#destination.stage(layout, id, known ? size : null, known ? mtime : null);
        if (known && copied < known.size)
          this.#note(id, `the file ends ${known.size - copied} bytes early, and was copied as it is`);
      } catch (error) {
        if (!isOfSource(error, absoluteSessionPath(layout.root, id))) throw error;
        if (isGone(error) && !expected.has(id)) lost.add(id);
        else this.#note(id, `${reasonOf(error)}: not copied`);
      }
    }
    return lost;
  }

  #note(id: string, reason: string): void {
    this.#problems.push({ path: sessionPath(id), reason });
  }

  /** The ids of all session files that the backup is to have. */
  #ids(): readonly string[] {
    return [...new Set([...this.#snapshot.sessions.keys(), ...this.#snapshot.unindexed])];
  }

  #isInStore(id: string): boolean {
    return this.#snapshot.sessions.has(id) || this.#snapshot.unindexed.has(id);
  }

  /** Makes what is staged the backup. */
  async finish(): Promise<BackupReport> {
    const { sessions, deleted, logSize } = this.#snapshot;
    const ids = this.#ids();
    const removed: string[] = [];
    for (const id of this.#destination.earlier.keys()) {
      if (this.#isInStore(id)) continue;
      if (deleted.has(id)) removed.push(id);
      else this.#note(id, NOT_DELETED);
    }
    const copied = this.#destination.staged;
    const { onProgress } = this.#reading;
    const faulty = new Set(this.#problems.map(({ path }) => path));
    const damaged = ids.filter((id) => faulty.has(sessionPath(id)));
    await this.#destination.exchange({ removed, damaged, onProgress });
    return {
      sessionCount: ids.length,
      bytes: logSize + [...sessions.values()].reduce((sum, { size }) => sum + size, 0),
      copiedCount: copied.count,
      copiedBytes: copied.bytes,
      removedCount: removed.length,
      problems: this.#problems,
    };
  }
}

const NOT_DELETED =
  'the file is gone from the store, but the session was not deleted: the backup keeps its earlier copy. Put the file back, or remove the copy';

/** Milliseconds of work between two rests. */
const TURN_MS = 50;

/** True if the file at `path`, or its folder, cannot be read: what else fails is a fault of the backup's disk. */
function isOfSource(error: unknown, path: string): error is NodeJS.ErrnoException {
  if (!isFaultOfOneFile(error)) return false;
  const at = error.path;
  return error.syscall === 'read' || at === path || (at !== undefined && path.startsWith(at + sep));
}
