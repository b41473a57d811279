import { closeSync, fstatSync, lstatSync, open as openDescriptor, writeSync } from 'node:fs';
import { mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StorageError } from '../../../model/errors.ts';
import type { Journal } from '../journal/journal.ts';
import { DirectorySync } from './directory-sync.ts';
import { diskFull, writeWhole } from './write-whole.ts';

export interface NewFilesParts {
  readonly journal: Journal;
  /** False leaves it to the system when what was written reaches the disk. */
  readonly durable: boolean;
  /** Bytes of what the journal does not take. */
  readonly large: number;
}

/** Makes and unmakes files, so that what was acknowledged of it survives. Rejects as the system does, or with a StorageError. */
export class NewFiles {
  readonly #parts: NewFilesParts;
  readonly #directories = new DirectorySync();
  /** Directories that are known to be there: at most as many as there are folders of sessions. */
  readonly #made = new Set<string>();
  #temporary = 0;

  constructor(parts: NewFilesParts) {
    this.#parts = parts;
  }

  /** Resolves with the file's time, in milliseconds. It must not be there yet. */
  async create(path: string, bytes: Buffer): Promise<number> {
    const { durable, large } = this.#parts;
    if (lstatSync(path, { throwIfNoEntry: false }))
      throw new StorageError('A file of that name is there already.', false);
    await this.#makeDirectory(dirname(path));
    return durable && bytes.length <= large
      ? this.#createInJournal(path, bytes)
      : this.#createAside(path, bytes);
  }

  /** Takes back what `create` has made: no start may bring it back. */
  async uncreate(path: string): Promise<void> {
    try {
      await unlink(path).catch(unlessGone);
      await this.syncDirectory(dirname(path));
    } finally {
      const { journal, durable } = this.#parts;
      if (durable) await journal.forget(path, 0);
    }
  }

  async syncDirectory(directory: string): Promise<void> {
    if (this.#parts.durable) await this.#directories.sync(directory);
  }

  /** The journal has it first: whatever becomes of the file, the next start can make it whole. */
  async #createInJournal(path: string, bytes: Buffer): Promise<number> {
    const made = Promise.withResolvers<void>();
    await this.#parts.journal.add(path, 0, bytes, made.promise);
    let fd: number;
    try {
      fd = await this.#inDirectory(dirname(path), () => openNew(path, 'wx'));
    } catch (error) {
      made.resolve();
      await this.#parts.journal.forget(path, 0);
      throw error;
    }
    try {
      return writeSmall(fd, bytes);
    } catch (error) {
      made.resolve();
      await this.uncreate(path);
      throw error;
    } finally {
      made.resolve();
    }
  }

  async #createAside(path: string, bytes: Buffer): Promise<number> {
    const { durable } = this.#parts;
    const directory = dirname(path);
    this.#temporary += 1;
    const temporary = join(directory, `.${process.pid}-${this.#temporary}.tmp`);
    let present = temporary;
    try {
      const modified = await this.#inDirectory(directory, () => writeNew(temporary, bytes, durable));
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

  /** Once more where somebody has taken the directory away. */
  async #inDirectory<T>(directory: string, make: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#made.delete(directory);
      await this.#makeDirectory(directory);
      return make();
    }
  }

  /** The directory itself must survive too: its parent is synced, also for one that is there, as after a sync that failed. */
  async #makeDirectory(directory: string): Promise<void> {
    if (this.#made.has(directory)) return;
    await mkdir(directory, { recursive: true });
    await this.syncDirectory(dirname(directory));
    this.#made.add(directory);
  }
}

/** For a file that is to be gone. */
export function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

const openNew = promisify(openDescriptor);

/** All but the opening, which looks for room on the disk, only copies to the system's memory: a thread's help would take longer. */
function writeSmall(fd: number, bytes: Buffer): number {
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
