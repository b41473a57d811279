import { fstatSync, lstatSync, type Stats } from 'node:fs';
import { isInFolder } from './plain-file.ts';
import { isFaultOfOneFile, isGone } from './unreadable-file.ts';

/** A file's size in bytes and mtime in milliseconds, as the index knows them. */
export interface KnownFile {
  readonly size: number;
  readonly mtime: number;
}

/**
 * True if the file's size and mtime are as known. False too if the file is gone, inaccessible, or replaced by
 * a link.
 */
export function isUnchanged(path: string, known: KnownFile): boolean {
  const now = lookAt(path);
  return now?.isFile() === true && isAs(known, now);
}

/** The stats of `path`, links not followed; null if nothing is there, or if access is denied. */
export function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return null;
  }
}

/** As `lookAt`, for a file whose folder another program may have replaced by a link: null if it has. */
export function lookInFolder(path: string): Stats | null {
  const stats = lookAt(path);
  return stats && isInFolder(path) ? stats : null;
}

/** As `isUnchanged`, with `lookInFolder`. */
export function isUnchangedInFolder(path: string, known: KnownFile): boolean {
  const now = lookInFolder(path);
  return now?.isFile() === true && isAs(known, now);
}

/** True if nothing is at `path`. False if access is denied, since something may be there. */
export function isNothingAt(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return isGone(error);
  }
}

/** Milliseconds within which two changes of a file or a folder may get the same timestamp. */
const TIMESTAMP_TICK_MS = 100;

/**
 * True if a change after `now` would leave a time other than `changed`. Either time may be the later one,
 * because clocks are set back.
 */
export function isSettled(changed: number, now: number): boolean {
  return Math.abs(now - changed) > TIMESTAMP_TICK_MS;
}

/**
 * The state of a file at one moment. Every later change shows, even one that keeps size and mtime: `ctime`
 * cannot be set.
 */
export class FileStamp {
  readonly #stats: Stats | null;
  readonly #at = Date.now();

  /** `file` is a path, or what `fstat` has just returned of an open file. */
  constructor(file: string | Stats) {
    this.#stats = typeof file === 'string' ? lookInFolder(file) : file;
  }

  /**
   * True if nothing has changed since. False too if the last change was too recent at that moment to tell.
   */
  isStill(path: string): boolean {
    return this.isSame(path) && (this.#stats === null || isSettled(this.#stats.ctimeMs, this.#at));
  }

  /** Has the file the same inode, times and size as at that look? */
  isSame(path: string): boolean {
    const now = lookInFolder(path);
    const then = this.#stats;
    if (!now || !then) return now === then;
    return (
      now.ino === then.ino &&
      now.ctimeMs === then.ctimeMs &&
      isAs({ size: then.size, mtime: then.mtimeMs }, now)
    );
  }

  /** From that look on, until the latest change is `still` milliseconds ago; all of them where the clock was set back. */
  millisecondsUntilStill(still: number): number {
    const age = this.#at - (this.#stats?.ctimeMs ?? 0);
    return age < 0 ? still : Math.max(0, still - age);
  }
}

/**
 * True if fstat's size, mtime and ctime match the index. Faster than a check by path. A rename, a removal or
 * a reset mtime leaves a ctime later than the mtime: then the path must be checked.
 */
export function isUntouched(descriptor: number, known: KnownFile): boolean {
  const now = fstatSync(descriptor);
  return isAs(known, now) && now.ctimeMs === known.mtime;
}

/**
 * True if an open file may have lost its place: it was removed, or it is as known except for its ctime, which a rename changes. A
 * file that this process is writing to is larger than known.
 */
export function isMaybeMoved(descriptor: number, known: KnownFile): boolean {
  const now = fstatSync(descriptor);
  return now.nlink === 0 || (isAs(known, now) && now.ctimeMs !== known.mtime);
}

function isAs(known: KnownFile, now: Stats): boolean {
  return now.size === known.size && now.mtimeMs === known.mtime;
}
