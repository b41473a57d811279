import { type FileHandle, open } from 'node:fs/promises';

interface Pooled {
  readonly handle: Promise<FileHandle>;
  /** Null until it is open. */
  descriptor: number | null;
  users: number;
  /** Counts uses of the pool. */
  lastUse: number;
}

/**
 * Open files, at most `capacity` of them while they are not in use: opening is half the cost of a small append, and the
 * number of descriptors must not grow with the number of sessions.
 */
export class HandlePool {
  readonly #capacity: number;
  readonly #flags: number;
  #uses = 0;
  readonly #pooled = new Map<string, Pooled>();

  /** `flags` as of `open`; without O_CREAT, so that looking at a file never makes one. */
  constructor(capacity: number, flags: number) {
    this.#capacity = capacity;
    this.#flags = flags;
  }

  /** Runs `use` with the file open; rejects as `open` does where it cannot be. */
  async with<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    let entry = this.#pooled.get(path);
    if (!entry) {
      entry = { handle: open(path, this.#flags), descriptor: null, users: 0, lastUse: 0 };
      this.#pooled.set(path, entry);
    }
    entry.users += 1;
    entry.lastUse = ++this.#uses;
    try {
      const handle = await entry.handle;
      entry.descriptor = handle.fd;
      return await use(handle);
    } catch (error) {
      // A handle that failed is not used again: its state, or the file behind it, is in doubt.
      if (this.#pooled.get(path) === entry) this.#pooled.delete(path);
      throw error;
    } finally {
      entry.users -= 1;
      if (entry.users === 0 && this.#pooled.get(path) !== entry) await close(entry);
      if (this.#pooled.size > this.#capacity) await this.#evict();
    }
  }

  /** Is the file open, or being opened? */
  has(path: string): boolean {
    return this.#pooled.has(path);
  }

  /** Of the file, if it is open. Good only in the same step: the file may be closed in the next. */
  descriptor(path: string): number | null {
    return this.#pooled.get(path)?.descriptor ?? null;
  }

  /** Forgets a file that was removed or replaced. */
  async forget(path: string): Promise<void> {
    const entry = this.#pooled.get(path);
    if (!entry) return;
    this.#pooled.delete(path);
    if (entry.users === 0) await close(entry);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pooled.keys()].map((path) => this.forget(path)));
  }

  /** Closes the one that was used longest ago. */
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
