import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../observer.ts';
import type { Layout } from './layout.ts';
import type { LinesScanned } from './scan-lines.ts';

/** Of a file that ends in a torn tail, where it may not be mended. */
export const UNFINISHED = 'the file ends in an unfinished write, which the next start cuts off';

export const DAMAGED_NEWLINE = 'the newline at its end is damaged, which the next start puts right';

/**
 * Cuts what no mutation acknowledged from the end of a file, and keeps it aside; ends its last line. Says whether there was
 * anything to do.
 */
export function mendTail(layout: Layout, path: string, lines: LinesScanned, logger: Logger): boolean {
  if (!lines.torn && !lines.unterminated) return false;
  const absolute = join(layout.root, path);
  if (lines.torn) {
    const kept = join('torn', `${basename(path)}.${lines.end}.${Date.now()}`);
    cutTail(absolute, lines.end, join(layout.root, kept));
    logger.warn(
      { path, from: lines.end, kept },
      'cut a torn tail: an unfinished write, acknowledged to nobody',
    );
  } else {
    endWithNewline(absolute, lines.end);
    if (lines.damagedNewline) logger.warn({ path }, 'put the damaged newline at its end right');
  }
  return true;
}

function endWithNewline(path: string, end: number): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, '\n', end - 1);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Moves what lies beyond `end` to a file of its own. */
function cutTail(path: string, end: number, kept: string): void {
  mkdirSync(dirname(kept), { recursive: true });
  const fd = openSync(path, 'r+');
  try {
    const tail = Buffer.alloc(fstatSync(fd).size - end);
    readSync(fd, tail, 0, tail.length, end);
    writeFileSync(kept, tail, { flush: true });
    ftruncateSync(fd, end);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
