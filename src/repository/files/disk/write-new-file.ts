import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { FILE_MODE } from './plain-file.ts';
import { diskFull } from './write-whole.ts';

/** Writes a small file, in place of one of that name. Never writes through a link. */
export function writeNewFile(
  path: string,
  content: string | Buffer,
  { flush }: { readonly flush: boolean },
): void {
  rmSync(path, { force: true });
  const fd = openSync(path, 'wx', FILE_MODE);
  try {
    const bytes = Buffer.from(content);
    const written = writeSync(fd, bytes);
    if (written !== bytes.length) throw diskFull(written, bytes.length);
    if (flush) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
