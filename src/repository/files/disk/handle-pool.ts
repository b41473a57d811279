import type { FileHandle } from 'node:fs/promises';
import { Semaphore } from '../runtime/semaphore.ts';
import { openInStore } from './plain-file.ts';

interface Pooled {
  readonly handle: Promise<FileHandle>;
  /** Null until the file is open. */
  descriptor: number | null;
  users: number;
  /** The pool's use count at the last use. */
  lastUse: number;
}

/**
 * An LRU pool of open files, at most `capacity`, in use or idle: opening is half the cost of a small append, and the number of
 * descriptors must not grow with the number of sessions, nor with that of readers. A user may not use a second file meanwhile: it could
 * wait for itself.
 */
export class HandlePool {
  readonly #root: string;
  readonly #capacity: number;
  readonly #flags: number;
  #uses = 0;
  readonly #pooled = new Map<string, Pooled>();
  /** As many users as handles: each then finds one that is idle, or opens one in its place. */
  readonly #users: Semaphore;

  /**
   * For files of the store at `root`. `flags` are those of `open`, without O_CREAT, so that opening a file never creates one.
   */
  constructor(root: string, capacity: number, flags: number) {
    this.#root = root;
    this.#capacity = capacity;
    this.#flags = flags;
    this.#users = new Semaphore(capacity);
  }

  /** Runs `use` with the file open; rejects as `open` does if the file cannot be opened. */
  with<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.#users.with(1, () => this.#use(path, use));
  }

  async #use<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    let entry = this.#pooled.get(path);
    if (!entry) {
      entry = { handle: this.#open(path), descriptor: null, users: 0, lastUse: 0 };
      this.#pooled.set(path, entry);
    }
    entry.users += 1;
    entry.lastUse = ++this.#uses;
    try {
      const handle = await entry.handle;
      entry.descriptor = handle.fd;
      return await use(handle);
    } catch (error) {
      // A handle that failed is not reused: its state, or the file behind it, is in doubt.
      if (this.#pooled.get(path) === entry) this.#pooled.delete(path);
      throw error;
    } finally {
      entry.users -= 1;
      if (entry.users === 0 && this.#pooled.get(path) !== entry) await close(entry);
    }
  }

  /** Opens a file, in place of one that is idle if the pool is full. */
  async #open(path: string): Promise<FileHandle> {
    if (this.#pooled.size >= this.#capacity) await this.#evict();
    return openInStore(this.#root, path, this.#flags);
  }

  /** True if the file is open, or being opened. */
  has(path: string): boolean {
    return this.#pooled.has(path);
  }

  /** The file's descriptor, if open. Use it synchronously: the file may be closed in a later turn. */
  descriptor(path: string): number | null {
    return this.#pooled.get(path)?.descriptor ?? null;
  }

  /** Closes the handle of a file that was removed or replaced. */
  async forget(path: string): Promise<void> {
    const entry = this.#pooled.get(path);
    if (!entry) return;
    this.#pooled.delete(path);
    if (entry.users === 0) await close(entry);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pooled.keys()].map((path) => this.forget(path)));
  }

  /** Closes the least recently used handle. */
  async #evict(): Promise<void> {
    let oldest: [string, Pooled] | null = null;
    for (const [path, entry] of this.#pooled) {
      if (entry.users === 0 && entry.lastUse < (oldest?.[1].lastUse ?? Number.POSITIVE_INFINITY))
        oldest = [path, entry];
    }
    if (!oldest) return;
    this.#pooled.delete(oldest[0]);
    await close(oldest[1]);
  }
}

async function close(entry: Pooled): Promise<void> {
  const handle = await entry.handle.catch(() => null);
  await handle?.close();
}
