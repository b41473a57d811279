import { fsync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import type { Logger, Progress } from '../../../observer.ts';
import { findDataDirectory, makeDataDirectory, realPathOf } from '../../disk/data-directory.ts';
import { databaseFiles } from '../../disk/database-file.ts';
import { syncDirectory } from '../../disk/directory-sync.ts';
import { type KnownFile, lookAt } from '../../disk/known-file.ts';
import { acquireLock, type Lock } from '../../disk/lock.ts';
import { makeFolder } from '../../disk/make-folder.ts';
import { isLeftByOthers, shardFolders } from '../../disk/shard-folders.ts';
import { segmentFiles } from '../../durable/journal/segment-files.ts';
import { syncEach } from '../../durable/journal/sync-files.ts';
import {
  absoluteSessionPath,
  type Layout,
  nameInStore,
  STORE_LOG,
  sessionPath,
} from '../../format/layout.ts';
import { refuseUnrestored } from '../../recovery/journal-faults.ts';
import { BackupError } from './backup-error.ts';
import { type Manifest, readManifest, writeManifest } from './manifest.ts';
import { listSessionFiles } from './snapshot.ts';
import { stageFile } from './stage-file.ts';

/** What a backup becomes. */
export interface Exchange {
  /** Ids of sessions that the backup has, and must not have any more. */
  readonly removed: readonly string[];
  /** Ids of sessions whose files are damaged. */
  readonly damaged: readonly string[];
  readonly onProgress: Progress;
}

/**
 * The directory of a backup, locked as by a server. New files are staged beside the old ones, under names that no reader looks at; an
 * exchange then puts all of them in place. Until then, an earlier backup is as it was.
 */
export class BackupDestination {
  readonly layout: Layout;
  readonly #manifest: Manifest;
  readonly #lock: Lock;
  readonly #logger: Logger;
  /** The session files of the earlier backup, by session id. */
  readonly earlier: ReadonlyMap<string, KnownFile>;
  /** Sessions whose files were damaged in the earlier backup. */
  readonly #damaged: ReadonlySet<string>;
  readonly #staged = new Map<string, KnownFile>();
  #log: KnownFile | null = null;

  private constructor(layout: Layout, manifest: Manifest, lock: Lock, logger: Logger) {
    this.layout = layout;
    this.#manifest = manifest;
    this.#damaged = new Set(manifest.damaged);
    this.#lock = lock;
    this.#logger = logger;
    this.earlier = listSessionFiles(layout);
  }

  /**
   * Prepares the directory at `path` for a backup of the store `store` at `source`, and creates it if it is missing. Rejects with a
   * BackupError if the directory is neither empty nor an earlier backup of that store, with a DataDirectoryInUseError if a server runs on it,
   * and with an UnreadableStoreError if only its journal has what a server has recorded in it.
   */
  static async open(path: string, source: Layout, store: string, logger: Logger): Promise<BackupDestination> {
    const layout = findDataDirectory(path);
    refuseInside(layout, source);
    const found = readManifest(layout);
    if (found) {
      refuseOther(layout, found, source, store);
      // Before the lock: what is owned needs nothing from its journal.
      refuseUnrestored(layout, store);
    } else refuseUsed(layout);
    makeDataDirectory(path);
    const manifest = found ?? { store, at: new Date().toISOString(), latestMtime: 0, damaged: [] };
    if (!found) await writeManifest(layout, manifest);
    const lock = await acquireLock(layout, logger);
    try {
      // Another backup may have ended while this one waited for the lock.
      const destination = new BackupDestination(layout, readManifest(layout) ?? manifest, lock, logger);
      destination.#refuseChanges();
      destination.#discardStaged();
      return destination;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** True if the file of the session is staged, or was in the earlier backup, with this size and this time. */
  has(id: string, file: KnownFile): boolean {
    const staged = this.#staged.get(id);
    if (staged) return isSame(staged, file);
    const earlier = this.earlier.get(id);
    return earlier !== undefined && isSame(earlier, file) && !this.#damaged.has(id);
  }

  /** Copies a session's file as `stageFile` does. Returns the number of bytes of the copy. */
  stage(source: Layout, id: string, size: number | null, mtime: number | null): number {
    const copy = this.#stagedPath(id);
    this.#staged.delete(id);
    makeFolder(dirname(copy));
    const staged = stageFile(absoluteSessionPath(source.root, id), copy, size, mtime);
    this.#staged.set(id, staged);
    return staged.size;
  }

  /** Copies the log of the store up to `size`. */
  stageLog(source: Layout, size: number): void {
    this.#log = stageFile(source.storeLog, `${this.layout.storeLog}.tmp`, size, null);
  }

  /** Takes back what was staged of sessions for which `isWanted` is false. */
  unstage(isWanted: (id: string) => boolean): void {
    for (const id of this.#staged.keys()) {
      if (isWanted(id)) continue;
      rmSync(this.#stagedPath(id), { force: true });
      this.#staged.delete(id);
    }
  }

  /** The session files that an exchange puts in place, and their bytes. */
  get staged(): { readonly count: number; readonly bytes: number } {
    const bytes = [...this.#staged.values()].reduce((sum, { size }) => sum + size, 0);
    return { count: this.#staged.size, bytes };
  }

  /**
   * Puts all that is staged in place, and removes what is `removed`. Resolves once that is on the disk. The log comes last: a
   * directory without one is no store.
   */
  async exchange({ removed, damaged, onProgress }: Exchange): Promise<void> {
    const { layout } = this;
    const staged = [...this.#staged.keys()];
    await this.#syncStaged(staged, onProgress);
    const log = lookAt(layout.storeLog);
    const isLogSame = log !== null && this.#log !== null && isSame(toKnown(log), this.#log);
    if (staged.length > 0 || removed.length > 0 || !isLogSame) this.#removeCaches();
    const mtimes = [...this.#staged.values(), ...this.earlier.values(), this.#log!].map(({ mtime }) => mtime);
    const latestMtime = mtimes.reduce((a, b) => Math.max(a, b), 0);
    const { store } = this.#manifest;
    const at = new Date().toISOString();
    await writeManifest(layout, { store, at, latestMtime, damaged: [...damaged] });
    for (const [n, id] of staged.entries()) {
      onProgress('Putting files in place', n, staged.length);
      renameSync(this.#stagedPath(id), absoluteSessionPath(layout.root, id));
    }
    this.#staged.clear();
    await this.#syncFolders(staged);
    renameSync(`${layout.storeLog}.tmp`, layout.storeLog);
    await syncDirectory(layout.root);
    // Once the log has the deletions: a server would remove the files, too.
    for (const id of removed) rmSync(absoluteSessionPath(layout.root, id), { force: true });
    await this.#syncFolders(removed);
  }

  /** Removes what is staged and was not put in place, and lets others use the directory. */
  close(): void {
    try {
      this.#discardStaged();
    } catch (err) {
      this.#logger.warn(
        { err },
        'unfinished files of the backup could not be removed; the next backup removes them',
      );
    } finally {
      this.#lock.release();
    }
  }

  /** Throws a BackupError if somebody else has changed the files of the backup. */
  #refuseChanges(): void {
    const log = lookAt(this.layout.storeLog);
    const files = [...this.earlier].map(([id, { mtime }]) => [sessionPath(id), mtime] as const);
    for (const [path, mtime] of [...files, ...(log ? [[STORE_LOG, log.mtimeMs] as const] : [])]) {
      if (mtime <= this.#manifest.latestMtime + MTIME_ERROR_MS) continue;
      throw new BackupError(
        `${path} in ${this.layout.root} was written after the backup was made: a server has run on it, or the backup was copied. ` +
          'Nothing was changed. Name another directory, or remove this one if it has nothing that is needed.',
      );
    }
  }

  #discardStaged(): void {
    this.#staged.clear();
    rmSync(`${this.layout.storeLog}.tmp`, { force: true });
    for (const shard of shardFolders(this.layout).there) {
      const folder = join(this.layout.sessions, shard);
      for (const name of readdirSync(folder))
        if (name.startsWith('.') && name.endsWith('.jsonl.tmp')) rmSync(join(folder, name));
    }
  }

  /** An index that a server made of an earlier backup, and a journal, which would be restored to the new files. */
  #removeCaches(): void {
    const { layout } = this;
    const journal = segmentFiles(layout).map(({ path }) => path);
    for (const path of [...databaseFiles(layout), layout.indexClean, layout.unsynced, ...journal])
      rmSync(path, { force: true });
  }

  #stagedPath(id: string): string {
    const path = absoluteSessionPath(this.layout.root, id);
    return join(dirname(path), `.${basename(path)}.tmp`);
  }

  async #syncStaged(ids: readonly string[], onProgress: Progress): Promise<void> {
    const { layout } = this;
    await this.#sync([`${STORE_LOG}.tmp`]);
    for (let n = 0; n < ids.length; n += SYNCED_AT_ONCE) {
      onProgress('Syncing', n, ids.length);
      const batch = ids.slice(n, n + SYNCED_AT_ONCE);
      await this.#sync(batch.map((id) => nameInStore(layout, this.#stagedPath(id))));
    }
  }

  /** Syncs the folders of these sessions' files. */
  async #syncFolders(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const folders = new Set(ids.map((id) => dirname(absoluteSessionPath(this.layout.root, id))));
    await this.#sync([...folders, this.layout.sessions].map((path) => nameInStore(this.layout, path)));
  }

  async #sync(names: readonly string[]): Promise<void> {
    const taken = new Int32Array(new SharedArrayBuffer(4));
    const syncing = { root: this.layout.root, names, taken };
    const [failure] = await syncEach(syncing, promisify(fsync), SYNCS_AT_A_TIME);
    if (failure) throw failure.error;
  }
}

/** Between two reports of progress. */
const SYNCED_AT_ONCE = 500;
/** As many as the threads that Node.js has for files. */
const SYNCS_AT_A_TIME = 4;

/** Milliseconds of an mtime that are lost on the way through a number of seconds. */
const MTIME_ERROR_MS = 0.01;

function isSame(a: KnownFile, b: KnownFile): boolean {
  return a.size === b.size && Math.abs(a.mtime - b.mtime) <= MTIME_ERROR_MS;
}

const toKnown = ({ size, mtimeMs: mtime }: { size: number; mtimeMs: number }): KnownFile => ({ size, mtime });

function refuseInside(layout: Layout, source: Layout): void {
  const [backup, data, sessions] = [layout.root, source.root, source.sessions].map(realPathOf) as [
    string,
    string,
    string,
  ];
  const isWithin = (path: string, folder: string) => path === folder || path.startsWith(folder + sep);
  if (!isWithin(backup, data) && !isWithin(backup, sessions) && !isWithin(data, backup)) return;
  throw new BackupError(
    `Expected a directory for the backup that has nothing in common with the data directory ${source.root}, got ${layout.root}. ` +
      'Name another directory, best on another disk.',
  );
}

function refuseOther(layout: Layout, manifest: Manifest, source: Layout, store: string): void {
  if (manifest.store === store) return;
  throw new BackupError(
    `The backup at ${layout.root} is of the store ${manifest.store}, not of ${store}, which is at ${source.root}. ` +
      'Name another directory for the backup.',
  );
}

function refuseUsed({ root }: Layout): void {
  const stats = lstatSync(root, { throwIfNoEntry: false });
  const other = stats?.isDirectory() ? readdirSync(root).find((name) => !isLeftByOthers(name)) : undefined;
  if (other === undefined) return;
  throw new BackupError(
    `Expected an empty directory or an earlier backup at ${root}, got one with other files (${other}). Name another directory for the backup.`,
  );
}
