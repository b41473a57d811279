import fs, { fstatSync } from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';
import { BREAK_VARIABLE, HOOK_FAILED } from './break-names.ts';

/*
 * Breaks the store on purpose, from beneath: what Node gives it does less than it says. Imported before all other modules
 * (`node --import`) in the processes that are to be broken. The suite must catch each of these.
 */

const file = await promises.open(process.execPath, 'r');
const handles = Object.getPrototypeOf(file) as FileHandle;
await file.close();

/** Skips the syncs of what `skipped` says. */
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

/** What is added to a file is written a little later than it is said to be. */
function breakAppend(): void {
  const LATE = 30;
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

const BREAKS: Record<string, () => void> = {
  'no fdatasync': () => breakSync((fd) => !isDirectory(fd)),
  'no directory sync': () => breakSync(isDirectory),
  // One that is the same for all lines never differs.
  'no checksum': () => Object.assign(zlib, { crc32: () => 0 }),
  'index before write': breakAppend,
  'tail not cut': breakTruncate,
};

const wanted = BREAKS[process.env[BREAK_VARIABLE] ?? ''];
if (!wanted) {
  process.stderr.write(`${BREAK_VARIABLE} must be one of: ${Object.keys(BREAKS).join(', ')}\n`);
  process.exit(HOOK_FAILED);
}
wanted();
syncBuiltinESMExports();
