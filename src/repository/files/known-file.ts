import { fstatSync, lstatSync, type Stats } from 'node:fs';

/** A file as the index knows it. */
export interface KnownFile {
  readonly size: number;
  readonly mtime: number;
}

/** False also where the file is gone, or a link in its place. */
export function isUnchanged(path: string, known: KnownFile): boolean {
  const now = lstatSync(path, { throwIfNoEntry: false });
  return now !== undefined && isAs(known, now);
}

/**
 * Was the open file's latest change the one that the index knows? Quicker to tell than by its path. Whatever takes its name away,
 * gives it another, or puts its time back is a change later than its contents': then its path must be looked at.
 */
export function isUntouched(descriptor: number, known: KnownFile): boolean {
  const now = fstatSync(descriptor);
  return isAs(known, now) && now.ctimeMs === known.mtime;
}

function isAs(known: KnownFile, now: Stats): boolean {
  return now.size === known.size && now.mtimeMs === known.mtime;
}
