import { join } from 'node:path';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import { sessionPath } from '../format/layout.ts';
import { decodeRawLine, LINE_BYTES_MAX, splitLines } from '../format/line.ts';
import { withFileChunks } from './scan-lines.ts';

/** Bytes read from the end of a file: as many as most lines have, and then more than any line has. */
const TAIL_BYTES = [1024 * 1024, 2 * LINE_BYTES_MAX];

/**
 * When the last line of a session's file was written, in milliseconds since 1970; 0 if that cannot be read,
 * or if `id` is null.
 */
export function timeOfLastLine(root: string, id: string | null): number {
  if (id === null) return 0;
  try {
    return withFileChunks(join(root, sessionPath(id)), (read, { size }) => {
      for (const tail of TAIL_BYTES) {
        const time = timeOfLastLineFrom(Math.max(0, size - tail), read);
        if (time > 0 || size <= tail) return time;
      }
      return 0;
    });
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return 0;
  }
}

function timeOfLastLineFrom(start: number, read: (offset: number) => Buffer): number {
  let time = 0;
  for (const line of splitLines((offset) => read(start + offset))) {
    const decoded = decodeRawLine(line);
    if ('record' in decoded && 'at' in decoded.record) time = Date.parse(String(decoded.record.at)) || 0;
  }
  return time;
}
