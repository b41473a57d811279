import { statSync } from 'node:fs';

/** A file as the index knows it. */
export interface KnownFile {
  readonly size: number;
  readonly mtime: number;
}

/** False also where the file is gone. */
export function isUnchanged(path: string, known: KnownFile): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.size === known.size && now.mtimeMs === known.mtime;
}
