import { constants, fstatSync, writeSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '../../../model/errors.ts';
import { decodeLine } from '../line.ts';
import type { HandlePool } from './handle-pool.ts';

/** Syncs directories; those who ask while a sync runs share the next one. */
export class DirectorySync {
  readonly #running = new Map<string, { current: Promise<void>; next: Promise<void> | null }>();

  sync(directory: string): Promise<void> {
    const state = this.#running.get(directory);
    if (!state) return this.#start(directory);
    // The one that runs may have begun before the caller's change: only a later one is sure to hold it.
    state.next ??= state.current.then(
      () => this.#start(directory),
      () => this.#start(directory),
    );
    return state.next;
  }

  #start(directory: string): Promise<void> {
    const current = syncDirectory(directory);
    const state: { current: Promise<void>; next: Promise<void> | null } = { current, next: null };
    this.#running.set(directory, state);
    const done = () => {
      if (this.#running.get(directory) === state && !state.next) this.#running.delete(directory);
    };
    current.then(done, done);
    return current;
  }
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file of the store: what was written to it, and where its acknowledged part ends. */
export interface Tail {
  readonly path: string;
  readonly size: number;
}

/**
 * Appends to files so that what was acknowledged survives: a write that failed leaves nothing behind it. A file whose
 * tail is in doubt takes no more until it has been cut back to its acknowledged size.
 */
export class DurableFiles {
  readonly #handles: HandlePool;
  readonly #durable: boolean;
  readonly #directories = new DirectorySync();
  readonly #inDoubt = new Set<string>();
  /** Directories that are known to be there: at most as many as there are folders of sessions. */
  readonly #made = new Set<string>();
  #temporary = 0;

  /** `durable` false leaves it to the system when what was written reaches the disk. */
  constructor(handles: HandlePool, durable: boolean) {
    this.#handles = handles;
    this.#durable = durable;
  }

  /**
   * Adds `bytes` after `tail.size`, on the disk when it resolves. Resolves with the file's new time, in milliseconds.
   * Rejects with a StorageError: nothing was added.
   */
  async append(tail: Tail, bytes: Buffer): Promise<number> {
    try {
      await this.settle(tail);
      return await this.#handles.with(tail.path, async (handle) => {
        await writeWhole(handle, bytes);
        if (this.#durable) await handle.datasync();
        return fstatSync(handle.fd).mtimeMs;
      });
    } catch (error) {
      await this.undo(tail);
      throw storageError(error);
    }
  }

  /** Takes back what was appended past `tail.size`; where that fails, `settle` tries again. */
  async undo(tail: Tail): Promise<void> {
    this.#inDoubt.add(tail.path);
    // Whoever undoes reports why; that the cut failed too shows when the file is settled.
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
  async create(path: string, bytes: Buffer): Promise<number> {
    const directory = dirname(path);
    this.#temporary += 1;
    const temporary = join(directory, `.${process.pid}-${this.#temporary}.tmp`);
    let present = temporary;
    try {
      if (await exists(path)) throw new StorageError('A file of that name is there already.', false);
      await this.#makeDirectory(directory);
      const modified = await writeNew(temporary, bytes, this.#durable);
      await rename(temporary, path);
      present = path;
      await this.syncDirectory(directory);
      return modified;
    } catch (error) {
      // The reason of the failure matters to the caller; a temporary file that stays is swept at the next start.
      await rm(present, { force: true }).catch(() => {});
      throw storageError(error);
    }
  }

  /** Removes a file, and lets go of it. It need not be there. The directory is synced by the caller, once for many. */
  async remove(path: string): Promise<void> {
    await this.#handles.forget(path);
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    this.#inDoubt.delete(path);
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

async function writeNew(path: string, bytes: Buffer, durable: boolean): Promise<number> {
  const handle = await open(path, 'wx');
  try {
    await writeWhole(handle, bytes);
    if (durable) await handle.sync();
    return fstatSync(handle.fd).mtimeMs;
  } finally {
    await handle.close();
  }
}

/** Up to this size a write only copies to the system's memory: a thread's help would take longer than the copy. */
const SMALL = 64 * 1024;

async function writeWhole(handle: FileHandle, bytes: Buffer): Promise<void> {
  const bytesWritten =
    bytes.length <= SMALL ? writeSync(handle.fd, bytes) : (await handle.write(bytes)).bytesWritten;
  if (bytesWritten !== bytes.length) throw diskFull(bytesWritten, bytes.length);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function diskFull(written: number, wanted: number): NodeJS.ErrnoException {
  return Object.assign(new Error(`wrote ${written} of ${wanted} bytes`), { code: 'ENOSPC' });
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
