import { closeSync, fstatSync, lstatSync, open as openDescriptor, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open as openFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StorageError } from '../../../model/errors.ts';
import { DirectorySync } from '../disk/directory-sync.ts';
import { expectPlainFolder, FILE_MODE, FOLDER_MODE } from '../disk/plain-file.ts';
import { isGone, notPlain } from '../disk/unreadable-file.ts';
import { diskFull, writeWhole } from '../disk/write-whole.ts';
import type { Journal } from './journal/journal.ts';

export interface NewFilesParts {
  readonly journal: Journal;
  /** If false, the system decides when writes reach the disk. */
  readonly durable: boolean;
  /** Bytes above which a file is not written to the journal. */
  readonly large: number;
}

/** Creates and removes files durably. Rejects with the system's error, or with a StorageError. */
export class NewFiles {
  readonly #parts: NewFilesParts;
  readonly #directories = new DirectorySync();
  /** Directories known to exist: no more than there are folders of sessions. */
  readonly #made = new Set<string>();
  #temporary = 0;

  constructor(parts: NewFilesParts) {
    this.#parts = parts;
  }

  /** Resolves with the file's mtime in milliseconds. The file must not exist. */
  async create(path: string, bytes: Buffer): Promise<number> {
    const { durable, large } = this.#parts;
    await this.#makeRoom(path);
    return durable && bytes.length <= large
      ? this.#createInJournal(path, bytes)
      : this.#createAside(path, [bytes]);
  }

  /** As `create`, for a file that need not fit into memory. */
  async createInPieces(path: string, pieces: AsyncIterable<Buffer>): Promise<number> {
    await this.#makeRoom(path);
    return this.#createAside(path, pieces);
  }

  async #makeRoom(path: string): Promise<void> {
    if (lstatSync(path, { throwIfNoEntry: false }))
      throw new StorageError('A file of that name is there already.', false);
    expectPlainFolder(path);
    await this.#makeDirectory(dirname(path));
  }

  /** Undoes a `create`: no replay of the journal may restore the file. */
  async uncreate(path: string): Promise<void> {
    try {
      await removePlain(path);
      await this.syncDirectory(dirname(path));
    } finally {
      const { journal, durable } = this.#parts;
      if (durable) await journal.forget(path, 0);
    }
  }

  async syncDirectory(directory: string): Promise<void> {
    if (this.#parts.durable) await this.#directories.sync(directory);
  }

  /** The journal comes first: whatever happens to the file, the next start can complete it. */
  async #createInJournal(path: string, bytes: Buffer): Promise<number> {
    const made = Promise.withResolvers<void>();
    await this.#parts.journal.add(path, 0, bytes, made.promise);
    let fd: number;
    try {
      fd = await this.#inDirectory(dirname(path), () => openNew(path, 'wx', FILE_MODE));
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

  async #createAside(path: string, pieces: Pieces): Promise<number> {
    const { durable } = this.#parts;
    const directory = dirname(path);
    this.#temporary += 1;
    const temporary = join(directory, `.${process.pid}-${this.#temporary}.tmp`);
    let present = temporary;
    try {
      const handle = await this.#inDirectory(directory, () => openFile(temporary, 'wx', FILE_MODE));
      const modified = await writeNew(handle, pieces, durable);
      await rename(temporary, path);
      present = path;
      await this.syncDirectory(directory);
      return modified;
    } catch (error) {
      // The caller needs the first error; a temporary file that stays is swept at the next start.
      await rm(present, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** Retries once if another program has removed the directory. */
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

  /**
   * The directory itself must survive too. Its parent is synced even if the directory exists, since an
   * earlier sync may have failed.
   */
  async #makeDirectory(directory: string): Promise<void> {
    if (this.#made.has(directory)) return;
    await mkdir(directory, { recursive: true, mode: FOLDER_MODE });
    await this.syncDirectory(dirname(directory));
    this.#made.add(directory);
  }
}

/** Removes a file, if it exists. Rejects if there is something else, or if its folder is a link. */
export async function removePlain(path: string): Promise<void> {
  expectPlainFolder(path);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) throw notPlain(path);
  await unlink(path).catch((error) => {
    if (!isGone(error)) throw error;
  });
}

const openNew = promisify(openDescriptor);

/**
 * Only opening the file looks for room on the disk. The rest copies to the system's memory, and a thread
 * would take longer than the copy.
 */
function writeSmall(fd: number, bytes: Buffer): number {
  try {
    const written = writeSync(fd, bytes);
    if (written !== bytes.length) throw diskFull(written, bytes.length);
    return fstatSync(fd).mtimeMs;
  } finally {
    closeSync(fd);
  }
}

type Pieces = Iterable<Buffer> | AsyncIterable<Buffer>;

/** Writes and closes a new file. */
async function writeNew(handle: FileHandle, pieces: Pieces, sync: boolean): Promise<number> {
  try {
    for await (const piece of pieces) await writeWhole(handle, piece);
    if (sync) await handle.sync();
    return fstatSync(handle.fd).mtimeMs;
  } finally {
    await handle.close();
  }
}
