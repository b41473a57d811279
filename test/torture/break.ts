import fs, { fstatSync } from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';
import type { SessionRepository } from '../../src/repository/repository.ts';
import { BREAK_VARIABLE, HOOK_FAILED } from './break-names.ts';

/*
 * Breaks the store on purpose, by replacing functions of Node.js, or of the store, with ones that do less than they report. Imported before
 * all other modules (`node --import`) in the processes that are to be broken. The suite must catch each of these.
 */

const file = await promises.open(process.execPath, 'r');
const handles = Object.getPrototypeOf(file) as FileHandle;
await file.close();

/** Skips the syncs of the files for which `skipped` returns true. */
function breakSync(skipped: (fd: number) => boolean): void {
  for (const name of ['sync', 'datasync'] as const) {
    const whole = handles[name];
    handles[name] = function (this: FileHandle) {
      return skipped(this.fd) ? Promise.resolve() : whole.call(this);
    };
  }
  for (const name of ['fsyncSync', 'fdatasyncSync'] as const) {
    const whole = fs[name];
    fs[name] = (fd) => (skipped(fd) ? undefined : whole(fd));
  }
  for (const name of ['fsync', 'fdatasync'] as const) {
    const whole = fs[name];
    const broken = (fd: number, done: fs.NoParamCallback) =>
      skipped(fd) ? queueMicrotask(() => done(null)) : whole(fd, done);
    fs[name] = Object.assign(broken, { __promisify__: whole.__promisify__ });
  }
}

const isDirectory = (fd: number) => fstatSync(fd).isDirectory();

/** Milliseconds by which a broken store delays a write that it has reported as done. */
const LATE = 30;

/** Delays appends, both asynchronous and synchronous ones, after reporting them as done. */
function breakAppend(): void {
  breakAsynchronousAppend();
  breakSynchronousAppend();
}

/** Synchronous writes: those of up to 64 KiB, which are nearly all. */
function breakSynchronousAppend(): void {
  const whole = fs.writeSync as (fd: number, ...args: unknown[]) => number;
  const late = (fd: number, ...args: unknown[]): number => {
    const [buffer] = args;
    const { size, ino } = fstatSync(fd);
    if (size === 0 || !Buffer.isBuffer(buffer)) return whole(fd, ...args);
    setTimeout(() => {
      // The descriptor may be closed by now, or be that of another file.
      if (inodeOf(fd) === ino) whole(fd, ...args);
    }, LATE);
    return buffer.length;
  };
  Object.assign(fs, { writeSync: late });
}

function inodeOf(fd: number): number | null {
  try {
    return fstatSync(fd).ino;
  } catch {
    return null;
  }
}

function breakAsynchronousAppend(): void {
  const whole = handles.write as (this: FileHandle, ...args: unknown[]) => Promise<unknown>;
  const late = function (this: FileHandle, ...args: unknown[]) {
    const [buffer] = args;
    if (fstatSync(this.fd).size === 0 || !Buffer.isBuffer(buffer)) return whole.apply(this, args);
    setTimeout(() => {
      // The store may have closed the file by now.
      if (this.fd !== -1) whole.apply(this, args);
    }, LATE);
    return Promise.resolve({ bytesWritten: buffer.length, buffer });
  };
  Object.assign(handles, { write: late });
}

function breakTruncate(): void {
  const nothing = async () => {};
  Object.assign(handles, { truncate: nothing });
  Object.assign(promises, { truncate: nothing });
  Object.assign(fs, { truncateSync() {}, ftruncateSync() {} });
}

/** Replaces `changesSince` of all stores. */
async function breakChanges(broken: (whole: ChangesSince) => ChangesSince): Promise<void> {
  const { FileRepository } = await import('../../src/repository/files/file-repository.ts');
  const { prototype } = FileRepository;
  const whole = prototype.changesSince;
  prototype.changesSince = function (...args) {
    return broken(whole.bind(this))(...args);
  };
}

type ChangesSince = SessionRepository['changesSince'];

/** Of the pages with changes, one of this many lacks one. */
const LACKING = 20;
let pages = 0;

/** Leaves out a change: the reader's mark passes the change nevertheless. */
const leaveOutChange =
  (whole: ChangesSince): ChangesSince =>
  async (...args) => {
    const page = await whole(...args);
    if (page.changes.length > 0) pages += 1;
    return pages % LACKING === 1 ? { ...page, changes: page.changes.slice(1) } : page;
  };

/** Takes a reader in the middle of several pages for one that has all up to there, as it was then. */
const forgetBase =
  (whole: ChangesSince): ChangesSince =>
  (request, ...more) =>
    whole({ ...request, after: request.after.replace(/^\d+-(\d+)(\.\d+)?/, '$1') }, ...more);

const BREAKS: Record<string, () => void | Promise<void>> = {
  'no fdatasync': () => breakSync((fd) => !isDirectory(fd)),
  'no directory sync': () => breakSync(isDirectory),
  // One that is the same for all lines never differs.
  'no checksum': () => void Object.assign(zlib, { crc32: () => 0 }),
  'index before write': breakAppend,
  'tail not cut': breakTruncate,
  'a change left out': () => breakChanges(leaveOutChange),
  'base of marks forgotten': () => breakChanges(forgetBase),
};

const wanted = BREAKS[process.env[BREAK_VARIABLE] ?? ''];
if (!wanted) {
  process.stderr.write(`${BREAK_VARIABLE} must be one of: ${Object.keys(BREAKS).join(', ')}\n`);
  process.exit(HOOK_FAILED);
}
await wanted();
syncBuiltinESMExports();
