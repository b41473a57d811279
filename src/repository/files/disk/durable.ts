import { closeSync, fstatSync, lstatSync, open as openDescriptor, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StorageError } from '../../../model/errors.ts';
import { Journal, type JournalParts } from '../journal/journal.ts';
import { decodeLine } from '../line.ts';
import { DirectorySync } from './directory-sync.ts';
import type { HandlePool } from './handle-pool.ts';
import { diskFull, writeWhole } from './write-whole.ts';

/** A file of the store: what was written to it, and where its acknowledged part ends. */
export interface Tail {
  readonly path: string;
  readonly size: number;
}

export interface DurableFilesParts extends Omit<JournalParts, 'onUnsynced'> {
  readonly handles: HandlePool;
  /** False leaves it to the system when what was written reaches the disk. */
  readonly durable: boolean;
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
  readonly #durable: boolean;
  readonly #directories = new DirectorySync();
  readonly #inDoubt = new Set<string>();
  /** Directories that are known to be there: at most as many as there are folders of sessions. */
  readonly #made = new Set<string>();
  #temporary = 0;

  constructor(parts: DurableFilesParts) {
    this.#handles = parts.handles;
    this.#durable = parts.durable;
    this.#journal = new Journal({ ...parts, onUnsynced: (path) => this.#inDoubt.add(path) });
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
      const large = bytes.length > LARGE;
      const mtime = await this.#handles.with(tail.path, async (handle) => {
        await writeWhole(handle, bytes);
        const { mtimeMs } = fstatSync(handle.fd);
        if (this.#durable && large) await handle.datasync();
        return mtimeMs;
      });
      // One sync of the journal serves all that wait for it, whatever their files.
      if (this.#durable && !large) await this.#journal.add(tail.path, tail.size, bytes);
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
      await this.#journal.makeRoom();
      return write();
    }
  }

  /** Takes back what an `append` after `tail.size` has added, as for want of room in the index; where that fails, `settle` tries again. */
  async undo(tail: Tail): Promise<void> {
    await this.#takeBack(tail);
    await this.#forgetFrom(tail.path, tail.size);
  }

  /** No start may put back what was written to the file from `offset` on. */
  async #forgetFrom(path: string, offset: number): Promise<void> {
    // Where the journal cannot say so, it has let go of all that it held.
    if (this.#durable) await this.#journal.add(path, offset, NOTHING).catch(() => {});
    await this.#journal.makeRoom();
  }

  async #takeBack(tail: Tail): Promise<void> {
    this.#inDoubt.add(tail.path);
    // Whoever takes back reports why; that the cut failed too shows when the file is settled.
    await this.#cutBack(tail).catch(() => {});
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
    const make = this.#durable && bytes.length <= LARGE ? this.#createInJournal : this.#createAside;
    return this.#withRoom(async () => {
      try {
        if (lstatSync(path, { throwIfNoEntry: false }))
          throw new StorageError('A file of that name is there already.', false);
        await this.#makeDirectory(dirname(path));
        return await make.call(this, path, bytes);
      } catch (error) {
        throw storageError(error);
      }
    });
  }

  /** The journal has it first: whatever becomes of the file, the next start can make it whole. */
  async #createInJournal(path: string, bytes: Buffer): Promise<number> {
    await this.#journal.add(path, 0, bytes);
    try {
      return await writeSmall(path, bytes);
    } catch (error) {
      await this.uncreate(path);
      throw error;
    }
  }

  async #createAside(path: string, bytes: Buffer): Promise<number> {
    const directory = dirname(path);
    this.#temporary += 1;
    const temporary = join(directory, `.${process.pid}-${this.#temporary}.tmp`);
    let present = temporary;
    try {
      const modified = await writeNew(temporary, bytes, this.#durable);
      await rename(temporary, path);
      present = path;
      await this.syncDirectory(directory);
      return modified;
    } catch (error) {
      // The reason of the failure matters to the caller; a temporary file that stays is swept at the next start.
      await rm(present, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** Takes back what `create` has made. */
  async uncreate(path: string): Promise<void> {
    await this.remove(path);
    await this.#forgetFrom(path, 0);
  }

  /** Removes a file, and lets go of it. It need not be there. The directory is synced by the caller, once for many. */
  async remove(path: string): Promise<void> {
    await this.#handles.forget(path);
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    this.#inDoubt.delete(path);
  }

  /** To be called when nothing is written. Says whether all that was acknowledged is in its own file on the disk. */
  close(): Promise<boolean> {
    return this.#journal.close();
  }

  async syncDirectory(directory: string): Promise<void> {
    if (this.#durable) await this.#directories.sync(directory);
  }

  /** The directory itself must survive too, so its parent is synced. */
  async #makeDirectory(directory: string): Promise<void> {
    if (this.#made.has(directory)) return;
    if (await mkdir(directory, { recursive: true })) await this.syncDirectory(dirname(directory));
    this.#made.add(directory);
  }

  async #cutBack(tail: Tail): Promise<void> {
    // A handle of its own: after a failed sync the kernel may report success for data that is gone.
    await this.#handles.forget(tail.path);
    const handle = await open(tail.path, 'r+');
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
const NOTHING = Buffer.alloc(0);

const openNew = promisify(openDescriptor);

/** All but the opening, which looks for room on the disk, only copies to the system's memory: a thread's help would take longer. */
async function writeSmall(path: string, bytes: Buffer): Promise<number> {
  const fd = await openNew(path, 'wx');
  try {
    const written = writeSync(fd, bytes);
    if (written !== bytes.length) throw diskFull(written, bytes.length);
    return fstatSync(fd).mtimeMs;
  } finally {
    closeSync(fd);
  }
}

async function writeNew(path: string, bytes: Buffer, sync: boolean): Promise<number> {
  const handle = await open(path, 'wx');
  try {
    await writeWhole(handle, bytes);
    if (sync) await handle.sync();
    return fstatSync(handle.fd).mtimeMs;
  } finally {
    await handle.close();
  }
}

function isWantOfRoom(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** What room or patience can mend. */
const RETRYABLE = new Map([
  ['ENOSPC', 'The disk is full'],
  ['EDQUOT', 'The disk quota is used up'],
  ['EFBIG', 'The file is as large as the system allows'],
  ['EMFILE', 'Too many files are open'],
  ['ENFILE', 'Too many files are open'],
  ['EIO', 'The disk reported an error'],
]);

/** What SQLite says of the same: SQLITE_NOMEM, SQLITE_IOERR and SQLITE_FULL. */
const SQLITE_ROOM = new Map([
  [7, 'ENOSPC'],
  [10, 'EIO'],
  [13, 'ENOSPC'],
]);

/** `error` in a client's words; the original is its cause, for the log. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code = '', errcode } = error as NodeJS.ErrnoException & { errcode?: number };
  const known = RETRYABLE.get(errcode === undefined ? code : (SQLITE_ROOM.get(errcode & 0xff) ?? code));
  return known
    ? new StorageError(`${known}: nothing was recorded. Make room or wait, and try again.`, true, {
        cause: error,
      })
    : new StorageError('The store could not write: nothing was recorded. Its log says why.', false, {
        cause: error,
      });
}
