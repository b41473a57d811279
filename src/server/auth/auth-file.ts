import { closeSync, constants, lstatSync, readFileSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { syncDirectory } from '../../repository/files/disk/directory-sync.ts';
import { type FileLock, lockFile } from '../../repository/files/disk/lock.ts';
import { makeFolder } from '../../repository/files/disk/make-folder.ts';
import { FILE_MODE, openPlain } from '../../repository/files/disk/plain-file.ts';
import { writeNewFile } from '../../repository/files/disk/write-new-file.ts';
import { writeWhole } from '../../repository/files/disk/write-whole.ts';
import type { AuthText } from './auth-text.ts';

/** Milliseconds that a writer waits for another. A write takes some milliseconds. */
const LOCK_MS_MAX = 5_000;
const BETWEEN_TRIES_MS = 5;

/** Milliseconds between two looks at a file: a little less than those between two checks of open subscriptions. */
export const LOOK_MS = 900;

/** A text in a file beside the store. */
export class AuthFile implements AuthText {
  readonly path: string;
  readonly #folder: string;
  readonly #lock: string;
  /** What the system says of the file that was read last; undefined before, and after a failed read. */
  #known: string | undefined;
  /** Bytes up to the end of the last complete line. */
  #completeBytes = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Why the file cannot be used. */
  #fault: unknown = null;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.path = join(folder, name);
    this.#lock = join(folder, 'lock');
  }

  /**
   * Calls `load` with the text if the file has changed, unless that was last seen less than `pauseMs` ago. A file that is missing is
   * empty. Throws if the file cannot be used.
   */
  look(pauseMs: number, load: (text: string) => void): void {
    const now = performance.now();
    if (now - this.#lookedAt < pauseMs) {
      if (this.#fault !== null) throw this.#fault;
      return;
    }
    this.#lookedAt = now;
    try {
      const text = this.#readIfChanged();
      if (text !== null) load(text);
      this.#fault = null;
    } catch (error) {
      // The next look reads the file.
      this.#known = undefined;
      this.#fault = error;
      throw error;
    }
  }

  #readIfChanged(): string | null {
    if (this.#known === stateOf(this.path)) return null;
    this.#known = undefined;
    let fd: number;
    try {
      ({ fd } = openPlain(this.path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#note(MISSING, 0);
      return '';
    }
    try {
      // Before the text: what is changed meanwhile counts as a change.
      const state = stateOf(this.path);
      const bytes = readFileSync(fd);
      this.#note(state, bytes.lastIndexOf('\n') + 1);
      return bytes.toString();
    } finally {
      closeSync(fd);
    }
  }

  /** True if others than the owner of the file can read it. */
  get isOpenToOthers(): boolean {
    return ((lstatSync(this.path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0;
  }

  /** Calls `act` while no other process changes the file. */
  async locked<Result>(act: () => Promise<Result>): Promise<Result> {
    if (makeFolder(this.#folder)) await syncDirectory(dirname(this.#folder));
    const lock = await this.#acquire();
    try {
      return await act();
    } finally {
      lock.close();
    }
  }

  async #acquire(): Promise<FileLock> {
    for (const until = performance.now() + LOCK_MS_MAX; ; ) {
      const lock = lockFile(this.#lock, 0);
      if (lock) return lock;
      if (performance.now() > until)
        throw new Error(
          `Expected the folder to be free, got another process that changes files there (${this.#lock}).`,
        );
      await delay(BETWEEN_TRIES_MS);
    }
  }

  /** Adds complete lines, which are on the disk once the promise resolves. To be called within `locked`, once the file is read. */
  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    const start = this.#completeBytes;
    const isNew = this.#known === MISSING;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(this.path, flags, FILE_MODE);
    try {
      // What follows was never acknowledged.
      await handle.truncate(start);
      await writeWhole(handle, bytes, start);
      await handle.sync();
      if (isNew) await syncDirectory(this.#folder);
    } catch (error) {
      // As far as the disk permits: lines of which the caller is told that they were not written must not count later.
      await handle.truncate(start).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
    this.#note(stateOf(this.path), start + bytes.length);
  }

  /** Replaces the text, which is on the disk once the promise resolves. To be called within `locked`. */
  async replace(text: string): Promise<void> {
    const unfinished = `${this.path}.tmp`;
    writeNewFile(unfinished, text, { flush: true });
    renameSync(unfinished, this.path);
    await syncDirectory(this.#folder);
    this.#note(stateOf(this.path), Buffer.byteLength(text));
  }

  #note(state: string, completeBytes: number): void {
    this.#known = state;
    this.#completeBytes = completeBytes;
  }
}

const MISSING = 'missing';

/** Differs whenever the file was changed or replaced. */
function stateOf(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stats ? `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}` : MISSING;
}
