import {
  type Dirent,
  type FSWatcher,
  lstatSync,
  readdirSync,
  type WatchEventType,
  type WatchListener,
  watch,
} from 'node:fs';
import { join, relative } from 'node:path';

/** What `watch` gives, of it what is used here. */
export type Watching = Pick<FSWatcher, 'close'>;

/**
 * Watches a folder and all beneath it. Calls `listener` as `fs.watch` does, with paths relative to the folder. Throws if the folder cannot be watched, for
 * example since the system has no more watchers.
 */
export function watchFolders(folder: string, listener: WatchListener<string>): Watching {
  if (process.platform !== 'linux') return watch(folder, { recursive: true }, listener).on('error', () => {});
  return new WatchedFolders(folder, listener);
}

/** On Linux, the `recursive` of Node.js watches each file, and goes on watching one that another was renamed over. Here each folder is watched. */
class WatchedFolders implements Watching {
  readonly #root: string;
  readonly #listener: WatchListener<string>;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(root: string, listener: WatchListener<string>) {
    this.#root = root;
    this.#listener = listener;
    try {
      this.#add(root);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add(folder: string): void {
    const watcher = watch(folder, (event, name) => this.#changed(folder, event, name));
    // A folder that was removed.
    watcher.on('error', () => {});
    this.#watchers.set(folder, watcher);
    for (const entry of entriesOf(folder)) if (entry.isDirectory()) this.#addBelow(join(folder, entry.name));
  }

  /** One that is gone again, or may not be read, keeps no other from being watched. */
  #addBelow(folder: string): void {
    try {
      this.#add(folder);
    } catch (error) {
      if (!OF_ONE_FOLDER.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  #changed(folder: string, event: WatchEventType, name: string | null): void {
    const path = name === null ? null : join(folder, name);
    // Something came or went: it can be a folder.
    if (path !== null && event === 'rename') this.#renew(path);
    this.#listener(event, path === null ? null : relative(this.#root, path));
  }

  #renew(path: string): void {
    if (this.#watchers.has(path)) this.#remove(path);
    try {
      if (isFolder(path)) this.#add(path);
    } catch {
      // No more watchers, or the folder is gone again: files beneath it are looked at from time to time.
    }
  }

  /** With all beneath it. */
  #remove(path: string): void {
    const beneath = join(path, '/');
    for (const [folder, watcher] of this.#watchers) {
      if (folder !== path && !folder.startsWith(beneath)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
  }
}

/** Errors of one folder alone, unlike those of a system that has no more watchers. */
const OF_ONE_FOLDER = ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP'];

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** None of a folder that cannot be read, which the import says. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
