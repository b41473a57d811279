import { accessSync, constants, existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../observer.ts';
import type { Layout } from '../format/layout.ts';
import { makeDatabaseFile } from './database-file.ts';
import { refuseOtherKinds } from './other-kinds.ts';
import { isLockedBySocket, lockBySocket, type SocketLock } from './socket-lock.ts';
import { writeNewFile } from './write-new-file.ts';

/** Another process owns the data directory. The message names the process and says what to do. */
export class DataDirectoryInUseError extends Error {
  override readonly name = 'DataDirectoryInUseError';
}

export interface Lock {
  release(): void;
}

/** A locked file. Closing the file unlocks it. */
export interface FileLock {
  close(): void;
}

/**
 * Makes this process the owner of the data directory. The file `lock` keeps other processes out. On Linux a socket does, too: it still
 * does after somebody has removed or replaced the file.
 */
export async function acquireLock(layout: Layout, logger: Logger): Promise<Lock> {
  refuseOtherKinds(layout);
  const socket = await acquireSocket(layout, logger);
  try {
    const file = acquireFile(layout);
    return {
      release() {
        rmSync(layout.owner, { force: true });
        file.close();
        socket?.release();
      },
    };
  } catch (error) {
    socket?.release();
    throw error;
  }
}

/** Null if the file is the only lock. */
async function acquireSocket(layout: Layout, logger: Logger): Promise<SocketLock | null> {
  if (process.platform !== 'linux') return null;
  try {
    const until = performance.now() + LOCK_TIMEOUT_MS;
    for (;;) {
      const socket = await lockBySocket(layout.root);
      if (socket) return socket;
      if (performance.now() > until) break;
      await delay(BETWEEN_TRIES_MS);
    }
  } catch (err) {
    logger.warn(
      { err },
      'the data directory could not be locked by a socket: do not remove the file "lock" while the store is open',
    );
    return null;
  }
  throw inUse(layout);
}

/** The lock file of a data directory, locked by this process. */
function acquireFile(layout: Layout): FileLock {
  const database = lockFile(layout.lock, LOCK_TIMEOUT_MS);
  if (!database) throw inUse(layout);
  if (!existsSync(layout.lock)) {
    // Another process whose start failed has removed the lock meanwhile, with the directory that it had
    // created.
    database.close();
    throw new DataDirectoryInUseError(`The data directory ${layout.root} was being removed. Start again.`);
  }
  const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  // Anything that is no file is moved aside later: the owner's name is only for a message.
  if (isFileOrMissing(layout.owner))
    writeNewFile(layout.owner, `${JSON.stringify(owner)}\n`, { flush: false });
  return database;
}

/**
 * Locks the file `path`, which is made if it is missing and which nothing else may open; null if another holds it for longer than
 * `timeoutMs`. SQLite's exclusive lock is a POSIX lock: the kernel drops the lock when the process ends, however it ends.
 */
export function lockFile(path: string, timeoutMs: number): FileLock | null {
  makeDatabaseFile(path);
  // SQLite would open a file without write permission for reading, and lock nothing.
  accessSync(path, constants.W_OK);
  const database = new DatabaseSync(path, { timeout: timeoutMs });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
}

const SQLITE_BUSY = 5;
/** Milliseconds: longer than `isOwned` holds the lock to check it, and than a process takes to exit that is done with its work. */
const LOCK_TIMEOUT_MS = 200;
const BETWEEN_TRIES_MS = 10;

/** True if a process owns the data directory now. For programs that read beside the owner. */
export function isOwned(layout: Layout): boolean {
  if (isLockedBySocket(layout.root)) return true;
  if (!lstatSync(layout.lock, { throwIfNoEntry: false })?.isFile()) return false;
  const database = new DatabaseSync(layout.lock, { readOnly: true, timeout: 0 });
  try {
    database.exec('SELECT * FROM sqlite_schema');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    database.close();
  }
}

/** Throws a DataDirectoryInUseError if a process owns the data directory now. */
export function refuseOwned(layout: Layout): void {
  if (isOwned(layout)) throw inUse(layout);
}

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY;
}

function inUse(layout: Layout): DataDirectoryInUseError {
  return new DataDirectoryInUseError(
    `The data directory ${layout.root} is in use by ${ownerOf(layout)}. ` +
      'One process at a time can write to it: stop that one, or name another directory with --data.',
  );
}

function ownerOf(layout: Layout): string {
  try {
    if (!isFileOrMissing(layout.owner)) return 'another process';
    const { pid, host, since } = JSON.parse(readFileSync(layout.owner, 'utf8')) as Record<string, unknown>;
    return `process ${pid} on ${host}, since ${since}`;
  } catch {
    // The owner may have taken the lock and not yet written its name, or somebody has removed the file with the name.
    return 'another process';
  }
}

function isFileOrMissing(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}
