import { realpathSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Watching, watchFolders } from './watch-folders.ts';

/** Changes that come together are told together. */
const GATHER_MS = 500;
/** Where the system reports no changes (network drives), files are looked at anyway; so is what was unfinished. */
const LOOK_MS = 30_000;

/** Tells when something below some paths has changed. */
export class FileChanges {
  readonly #watchers: Watching[];
  /** What is known of each file that was reported: see `stateOf`. */
  readonly #seen = new Map<string, string>();
  #hasChanged = false;
  #wake: () => void = () => {};

  constructor(paths: readonly string[]) {
    this.#watchers = paths.flatMap((path) => {
      try {
        return [this.#watch(path)];
      } catch {
        // The system has no more watchers, or cannot watch there: files are looked at from time to time.
        return [];
      }
    });
  }

  /** What has changed so far counts no more. */
  forget(): void {
    this.#hasChanged = false;
  }

  /** Resolves some time after the next change, at the latest after `LOOK_MS`, and at once when `signal` is aborted. */
  async next(signal: AbortSignal): Promise<void> {
    if (!this.#hasChanged) await this.#sleep(LOOK_MS, signal, true);
    if (this.#hasChanged) await this.#sleep(GATHER_MS, signal, false);
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
  }

  #watch(path: string): Watching {
    if (!statSync(path).isFile()) return watchFolders(path, (_event, name) => this.#reported(path, name));
    // The folder of a file tells of the log of a database beside the file, too, and of a file that another one replaces.
    const real = realpathSync(path);
    const [folder, file] = [dirname(real), basename(real)];
    return watch(folder, (_event, name) => {
      if (name === null || name === file || name === `${file}-wal`) this.#reported(folder, name);
    }).on('error', () => {});
  }

  /** Reading a database of SQLite in WAL mode can create or touch its log: only a new size or time counts. */
  #reported(folder: string, name: string | null): void {
    if (name !== null) {
      const path = join(folder, name);
      const now = stateOf(path);
      // The readers of a database share this file, and write to it.
      if (name.endsWith('-shm') || (this.#seen.get(path) ?? null) === now) return;
      if (now === null) this.#seen.delete(path);
      else this.#seen.set(path, now);
    }
    this.#hasChanged = true;
    this.#wake();
  }

  #sleep(milliseconds: number, signal: AbortSignal, untilChange: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener('abort', end);
      if (untilChange) this.#wake = end;
    });
  }
}

/** Differs once a file was written to; null if it is not there, or cannot be looked at. */
function stateOf(path: string): string | null {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${size} ${mtimeMs}`;
  } catch {
    return null;
  }
}
