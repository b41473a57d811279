import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import type { Layout } from '../layout.ts';

/** Another process owns the data directory. The message names it and says what to do. */
export class DataDirectoryInUseError extends Error {
  override readonly name = 'DataDirectoryInUseError';
}

export interface Lock {
  release(): void;
}

/**
 * Makes this process the owner of the data directory. SQLite's exclusive lock is a POSIX lock on a file of its own: the
 * kernel drops it when the process ends, however it ends.
 */
export function acquireLock(layout: Layout): Lock {
  // SQLite would open one that may not be written for reading, and lock nothing.
  if (existsSync(layout.lock)) accessSync(layout.lock, constants.W_OK);
  const database = new DatabaseSync(layout.lock, { timeout: LOCK_TIMEOUT });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new DataDirectoryInUseError(
      `The data directory ${layout.root} is in use by ${ownerOf(layout)}. ` +
        'One process at a time can write to it: stop that one, or name another directory with --data.',
    );
  }
  const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  writeFileSync(layout.owner, `${JSON.stringify(owner)}\n`);
  return {
    release() {
      rmSync(layout.owner, { force: true });
      database.close();
    },
  };
}

const SQLITE_BUSY = 5;
/** Milliseconds: longer than `isOwned` takes to look. */
const LOCK_TIMEOUT = 200;

/** Does a process own the data directory just now? For programs that read beside it. */
export function isOwned(layout: Layout): boolean {
  if (!existsSync(layout.lock)) return false;
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

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY;
}

function ownerOf(layout: Layout): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(layout.owner, 'utf8')) as Record<string, unknown>;
    return `process ${pid} on ${host}, since ${since}`;
  } catch {
    // The owner may be between taking the lock and saying who it is.
    return 'another process';
  }
}
