import { fstatSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { StorageError } from '../../../model/errors.ts';
import type { Logger } from '../../observer.ts';
import type { HandlePool } from '../disk/handle-pool.ts';
import { isUnchanged, isUntouched, type KnownFile } from '../disk/known-file.ts';
import { isDiskFull, storageError } from '../disk/storage-error.ts';
import { writeWhole } from '../disk/write-whole.ts';
import { type Layout, nameInStore, pathInStore } from '../format/layout.ts';
import { cutBack, type Tail } from './cut-back.ts';
import { Journal, type JournalParts } from './journal/journal.ts';
import type { LeftSegment } from './journal/replay.ts';
import { syncFiles, type ToSync } from './journal/sync-files.ts';
import { NewFiles, removePlain } from './new-files.ts';
import { type LineAt, overwriteLines } from './overwrite-lines.ts';

export interface DurableFilesParts extends Omit<JournalParts, 'onUnsynced'> {
  readonly handles: HandlePool;
  /** If false, the system decides when writes reach the disk. */
  readonly durable: boolean;
}

/** What an earlier process left. */
export interface LeftFiles {
  /** Segments of its journal, as `replayJournal` has read them. */
  readonly left: readonly LeftSegment[];
  /**
   * Names of files that may not be on the disk as they are shown: the process was killed before it could sync
   * them, or another program wrote them.
   */
  readonly unsynced: ToSync['names'];
}

/** Bytes of the largest write that goes through the journal. The file of a larger write is synced at once. */
const JOURNALED_BYTES_MAX = 256 * 1024;

/**
 * Appends to files so that acknowledged writes survive and failed writes leave nothing behind. A file whose
 * tail is in doubt takes no appends until it is truncated to its acknowledged size.
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
   * While false, an append syncs its own file: a power cut may take an earlier write that the journal does
   * not hold, and the journal could not replay a later write after the gap.
   */
  #allSynced = false;
  #syncedEarlier: Promise<void> = Promise.resolve();

  constructor(parts: DurableFilesParts) {
    this.#handles = parts.handles;
    this.#layout = parts.layout;
    this.#logger = parts.logger;
    this.#durable = parts.durable;
    this.#journal = new Journal({ ...parts, onUnsynced: (path) => this.#inDoubt.add(path) });
    this.#newFiles = new NewFiles({ ...parts, journal: this.#journal, large: JOURNALED_BYTES_MAX });
  }

  /**
   * Syncs in the background what an earlier process or another program wrote, and removes the earlier
   * process's journal. Call once, when the index holds what recovery found.
   */
  takeOver({ left, unsynced }: LeftFiles): void {
    this.#journal.retireLeft(left);
    this.#allSynced = unsynced.length === 0;
    if (!this.#allSynced) this.#syncedEarlier = this.#syncEarlier(unsynced);
  }

  /**
   * Appends `bytes` at `tail.size`. Resolves, once they are durable, with the file's mtime in milliseconds.
   * Rejects with a StorageError: nothing was added.
   */
  append(tail: Tail, bytes: Buffer): Promise<number> {
    return this.#withRoom(() => this.#append(tail, bytes));
  }

  async #append(tail: Tail, bytes: Buffer): Promise<number> {
    try {
      await this.settle(tail);
      const byItself = bytes.length > JOURNALED_BYTES_MAX || !this.#allSynced;
      const mtime = await this.#handles.with(tail.path, async (handle) => {
        await writeWhole(handle, bytes);
        const { mtimeMs } = fstatSync(handle.fd);
        if (this.#durable && byItself) await handle.datasync();
        return mtimeMs;
      });
      // One sync of the journal serves all waiting appends, whatever their files.
      if (this.#durable && !byItself) await this.#journal.add(tail.path, tail.size, bytes);
      return mtime;
    } catch (error) {
      await this.#takeBack(tail);
      throw storageError(error);
    }
  }

  /** On a full disk, retries after releasing the journal: its entries are only second copies. */
  async #withRoom<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isDiskFull((error as Error).cause)) throw error;
      await this.#journal.release();
      return write();
    }
  }

  /**
   * Undoes an `append` at `tail.size`, for example when the index had no room. If undoing fails, `settle`
   * tries again.
   */
  async undo(tail: Tail): Promise<void> {
    await this.#takeBack(tail);
    if (this.#durable) await this.#journal.forget(tail.path, tail.size);
    await this.#journal.release();
  }

  async #takeBack(tail: Tail): Promise<void> {
    this.#inDoubt.add(tail.path);
    // The caller reports the first failure; the failed truncation shows when the file is settled.
    await this.#cutBack(tail).catch(() => {});
  }

  /**
   * True if the file still matches `known`. A pooled handle that may belong to another file, once of that
   * name, is closed.
   */
  async isAsKnown(path: string, known: KnownFile): Promise<boolean> {
    const descriptor = this.#handles.descriptor(path);
    if (descriptor !== null && isUntouched(descriptor, known)) return true;
    if (!isUnchanged(path, known)) return false;
    if (descriptor !== null) await this.letGo(path);
    return true;
  }

  /** Closes a pooled handle that may belong to another file, once of that name. */
  letGo(path: string): Promise<void> {
    return this.#handles.forget(path);
  }

  /**
   * True if an earlier write to the file failed and could not be undone. Call `settle` before the next write.
   */
  isInDoubt(path: string): boolean {
    return this.#inDoubt.has(path);
  }

  /** Undoes what an earlier failed write left, if anything; rejects if that fails again. */
  async settle(tail: Tail): Promise<void> {
    if (this.isInDoubt(tail.path)) await this.#cutBack(tail);
  }

  /**
   * Creates a file that holds `bytes`, atomically and durably. The file must not exist. Resolves with the
   * file's mtime in milliseconds. Rejects with a StorageError: the file does not exist.
   */
  create(path: string, bytes: Buffer): Promise<number> {
    return this.#withRoom(() =>
      this.#newFiles.create(path, bytes).catch((error) => {
        throw storageError(error);
      }),
    );
  }

  /** As `create`, for a file that need not fit into memory. `pieces` is called again if the disk was full at first. */
  createInPieces(path: string, pieces: () => AsyncIterable<Buffer>): Promise<number> {
    return this.#withRoom(() =>
      this.#newFiles.createInPieces(path, pieces()).catch((error) => {
        throw storageError(error);
      }),
    );
  }

  /** True if a file of so many bytes should be created with `create`, whose write shares a sync with others. */
  isSmall(bytes: number): boolean {
    return bytes <= JOURNALED_BYTES_MAX;
  }

  /** Undoes a `create`, for example when the index had no room. */
  async uncreate(path: string): Promise<void> {
    try {
      await this.#newFiles.uncreate(path);
    } finally {
      await this.#journal.release();
    }
  }

  /**
   * Removes a file, if it exists, and closes its pooled handle. Rejects if there is something else in its place. The caller syncs
   * the directory, once for many files.
   */
  async remove(path: string): Promise<void> {
    await this.#handles.forget(path);
    await removePlain(path);
    this.#inDoubt.delete(path);
  }

  /**
   * Accepts the file as another program has changed or removed it: a replay of the journal must not restore
   * what the file lost.
   */
  async accept({ path, size }: Tail): Promise<void> {
    if (!this.#durable) return;
    await this.#sync([nameInStore(this.#layout, path)]);
    await this.#journal.forget(path, size);
  }

  /**
   * Removes all that the journal holds now, once it is synced in its own files. Rejects with a StorageError if it cannot.
   */
  async emptyJournal(): Promise<void> {
    if (await this.#journal.empty()) return;
    throw new StorageError(
      'A part of the journal could not be removed, which may hold what is to be redacted. The server must be restarted.',
      true,
    );
  }

  /**
   * Overwrites whole lines of a file, each given with its newline, in their place. Resolves, once the bytes are durable, with the file's
   * mtime in milliseconds. Rejects with a StorageError, before anything is written, if there are other lines in one of the places. No
   * entry of the journal may name the file.
   */
  async overwrite(path: string, lines: readonly LineAt[]): Promise<number> {
    await this.#handles.forget(path);
    return overwriteLines({ root: this.#layout.root, path }, lines, this.#durable);
  }

  /**
   * Call when no write is under way. Resolves with true if every acknowledged write is synced in its own
   * file.
   */
  async close(): Promise<boolean> {
    this.#closing.abort();
    await this.#syncedEarlier;
    return this.#journal.close();
  }

  syncDirectory(directory: string): Promise<void> {
    return this.#newFiles.syncDirectory(directory);
  }

  async #syncEarlier(unsynced: ToSync['names']): Promise<void> {
    if (!this.#durable) return;
    try {
      if (!(await this.#sync(unsynced))) return;
      await rm(this.#layout.unsynced, { force: true });
      this.#allSynced = true;
    } catch (err) {
      if (!this.#closing.signal.aborted) this.#logger.error({ err }, 'could not sync what was there before');
    }
  }

  async #sync(names: ToSync['names']): Promise<boolean> {
    const { signal } = this.#closing;
    const failures = await syncFiles({ root: this.#layout.root, names }, { signal });
    for (const { name, error } of failures) {
      this.#logger.error({ err: error, path: name }, 'could not sync');
      this.#inDoubt.add(pathInStore(this.#layout, name));
    }
    return failures.length === 0;
  }

  async #cutBack(tail: Tail): Promise<void> {
    // A fresh handle: after a failed sync the kernel may report success for data that is lost.
    await this.#handles.forget(tail.path);
    await cutBack(this.#layout.root, tail);
    this.#inDoubt.delete(tail.path);
  }
}
