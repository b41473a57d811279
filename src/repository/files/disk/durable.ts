import { constants, fstatSync } from 'node:fs';
import { type FileHandle, open, rm, unlink } from 'node:fs/promises';
import { StorageError } from '../../../model/errors.ts';
import type { Logger } from '../../observer.ts';
import { Journal, type JournalParts } from '../journal/journal.ts';
import { syncFiles, type ToSync } from '../journal/sync-files.ts';
import { isUnchanged, isUntouched, type KnownFile } from '../known-file.ts';
import { type Layout, nameInStore, pathInStore } from '../layout.ts';
import { decodeLine } from '../line.ts';
import type { HandlePool } from './handle-pool.ts';
import { NewFiles, unlessGone } from './new-files.ts';
import { isWantOfRoom, storageError } from './storage-error.ts';
import { writeWhole } from './write-whole.ts';

/** A file of the store: what was written to it, and where its acknowledged part ends. */
export interface Tail {
  readonly path: string;
  readonly size: number;
}

export interface DurableFilesParts extends Omit<JournalParts, 'onUnsynced'> {
  readonly handles: HandlePool;
  /** False leaves it to the system when what was written reaches the disk. */
  readonly durable: boolean;
  /**
   * Names of files that may not be on the disk as they are shown, since a process was killed before it could sync them, or since
   * they are somebody else's work.
   */
  readonly unsynced: ToSync['names'];
}

/** What is larger is not written twice: its file is synced at once. */
const LARGE = 256 * 1024;

/**
 * Appends to files so that what was acknowledged survives: a write that failed leaves nothing behind it. A file whose
 * tail is in doubt takes no more until it has been cut back to its acknowledged size.
 */
export class DurableFiles {
  readonly #handles: HandlePool;
  readonly #journal: Journal;
  readonly #layout: Layout;
  readonly #logger: Logger;
  readonly #durable: boolean;
  readonly #newFiles: NewFiles;
  readonly #inDoubt = new Set<string>();
  readonly #closing = new AbortController();
  /**
   * Until then an append syncs its own file: what the journal holds could not be put back after something that the power took and
   * the journal does not hold.
   */
  #allSynced: boolean;
  readonly #syncedEarlier: Promise<void>;

  constructor(parts: DurableFilesParts) {
    this.#handles = parts.handles;
    this.#layout = parts.layout;
    this.#logger = parts.logger;
    this.#durable = parts.durable;
    this.#journal = new Journal({ ...parts, onUnsynced: (path) => this.#inDoubt.add(path) });
    this.#newFiles = new NewFiles({ ...parts, journal: this.#journal, large: LARGE });
    this.#allSynced = parts.unsynced.length === 0;
    this.#syncedEarlier = this.#allSynced ? Promise.resolve() : this.#syncEarlier(parts);
  }

  /**
   * Adds `bytes` after `tail.size`, on the disk when it resolves. Resolves with the file's new time, in milliseconds.
   * Rejects with a StorageError: nothing was added.
   */
  append(tail: Tail, bytes: Buffer): Promise<number> {
    return this.#withRoom(() => this.#append(tail, bytes));
  }

  async #append(tail: Tail, bytes: Buffer): Promise<number> {
    try {
      await this.settle(tail);
      const byItself = bytes.length > LARGE || !this.#allSynced;
      const mtime = await this.#handles.with(tail.path, async (handle) => {
        await writeWhole(handle, bytes);
        const { mtimeMs } = fstatSync(handle.fd);
        if (this.#durable && byItself) await handle.datasync();
        return mtimeMs;
      });
      // One sync of the journal serves all that wait for it, whatever their files.
      if (this.#durable && !byItself) await this.#journal.add(tail.path, tail.size, bytes);
      return mtime;
    } catch (error) {
      await this.#takeBack(tail);
      throw storageError(error);
    }
  }

  /** What the journal holds a second time is the first to go where there is no room. */
  async #withRoom<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isWantOfRoom((error as Error).cause)) throw error;
      await this.#journal.release();
      return write();
    }
  }

  /**
   * Takes back what an `append` after `tail.size` has added, as for want of room in the index; where that fails, `settle` tries
   * again.
   */
  async undo(tail: Tail): Promise<void> {
    await this.#takeBack(tail);
    if (this.#durable) await this.#journal.forget(tail.path, tail.size);
    await this.#journal.release();
  }

  async #takeBack(tail: Tail): Promise<void> {
    this.#inDoubt.add(tail.path);
    // Whoever takes back reports why; that the cut failed too shows when the file is settled.
    await this.#cutBack(tail).catch(() => {});
  }

  /** Is the file as `known`? A handle is let go of that may be of another file, which had that name. */
  async isAsKnown(path: string, known: KnownFile): Promise<boolean> {
    const descriptor = this.#handles.descriptor(path);
    if (descriptor !== null && isUntouched(descriptor, known)) return true;
    if (!isUnchanged(path, known)) return false;
    if (descriptor !== null) await this.letGo(path);
    return true;
  }

  /** Of a handle that may be of another file, which had that name. */
  letGo(path: string): Promise<void> {
    return this.#handles.forget(path);
  }

  /** Has an earlier write to the file failed that could not be undone? Then it must be settled first. */
  isInDoubt(path: string): boolean {
    return this.#inDoubt.has(path);
  }

  /** Undoes what an earlier write left, if it did, or rejects. */
  async settle(tail: Tail): Promise<void> {
    if (this.isInDoubt(tail.path)) await this.#cutBack(tail);
  }

  /**
   * Makes a file with `bytes` in it, whole or not at all, on the disk when it resolves. It must not be there yet. Resolves
   * with the file's time, in milliseconds. Rejects with a StorageError: it is not there.
   */
  create(path: string, bytes: Buffer): Promise<number> {
    return this.#withRoom(() =>
      this.#newFiles.create(path, bytes).catch((error) => {
        throw storageError(error);
      }),
    );
  }

  /** Takes back what `create` has made, as for want of room in the index. */
  async uncreate(path: string): Promise<void> {
    try {
      await this.#newFiles.uncreate(path);
    } finally {
      await this.#journal.release();
    }
  }

  /** Removes a file, and lets go of it. It need not be there. The directory is synced by the caller, once for many. */
  async remove(path: string): Promise<void> {
    await this.#handles.forget(path);
    await unlink(path).catch(unlessGone);
    this.#inDoubt.delete(path);
  }

  /** Somebody else has changed the file, or removed it, and it counts as it is. No start may put back what it no longer has. */
  async accept({ path, size }: Tail): Promise<void> {
    if (!this.#durable) return;
    await this.#sync([nameInStore(this.#layout, path)]);
    await this.#journal.forget(path, size);
  }

  /** To be called when nothing is written. Says whether all that was acknowledged is in its own file on the disk. */
  async close(): Promise<boolean> {
    this.#closing.abort();
    await this.#syncedEarlier;
    return this.#journal.close();
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#newFiles.syncDirectory(directory);
  }

  /** What an earlier process, or somebody else, has left: see `DurableFilesParts`. */
  async #syncEarlier({ unsynced, logger }: DurableFilesParts): Promise<void> {
    if (!this.#durable) return;
    try {
      if (!(await this.#sync(unsynced))) return;
      await rm(this.#layout.unsynced, { force: true });
      this.#allSynced = true;
    } catch (err) {
      if (!this.#closing.signal.aborted) logger.error({ err }, 'could not sync what was there before');
    }
  }

  async #sync(names: ToSync['names']): Promise<boolean> {
    const failures = await syncFiles({ root: this.#layout.root, names }, this.#closing.signal);
    for (const { name, error } of failures) {
      this.#logger.error({ err: error, path: name }, 'could not sync');
      this.#inDoubt.add(pathInStore(this.#layout, name));
    }
    return failures.length === 0;
  }

  async #cutBack(tail: Tail): Promise<void> {
    // A handle of its own: after a failed sync the kernel may report success for data that is gone.
    await this.#handles.forget(tail.path);
    const handle = await open(tail.path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      const { size } = await handle.stat();
      if (size < tail.size) {
        throw new StorageError('The file has lost acknowledged data. Run "sessiontree check".', false);
      }
      await handle.truncate(tail.size);
      await handle.datasync();
      await readBack(handle, tail.size);
    } finally {
      await handle.close();
    }
    this.#inDoubt.delete(tail.path);
  }
}

/** Is the end of what was acknowledged there? The last line tells, by its checksum. */
async function readBack(handle: FileHandle, size: number): Promise<void> {
  let line = Buffer.alloc(0);
  for (let start = size - 1; start > 0 && line.indexOf(0x0a) === -1; ) {
    const length = Math.min(start, READ_BACK);
    start -= length;
    const chunk = Buffer.alloc(length);
    await handle.read(chunk, 0, length, start);
    line = Buffer.concat([chunk, line]);
  }
  const last = line.subarray(line.lastIndexOf(0x0a) + 1);
  if (size > 0 && 'fault' in decodeLine(last)) {
    throw new StorageError('The file has lost acknowledged data. Run "sessiontree check".', false);
  }
}

const READ_BACK = 64 * 1024;
