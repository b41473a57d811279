import type { Effects } from '../../records/session-state.ts';
import { FileStamp } from '../disk/known-file.ts';
import { absoluteSessionPath } from '../format/layout.ts';
import { withFileChunks, withFileChunksAtPace } from './scan-lines.ts';
import { type SessionScan, type SessionScanned, scanSession, scanSessionAtPace } from './scan-session.ts';

export interface FileScanned extends SessionScanned {
  /** The file's mtime when it was opened, in milliseconds. */
  readonly mtime: number;
  /** The stamp of the file when it was opened; null if another thread has read the file. */
  readonly stamp: FileStamp | null;
}

/**
 * Scans the file of session `id`, in the store at `root`, with `scanSession`. Throws the system's error if the
 * file cannot be opened.
 */
export function scanFile(
  root: string,
  id: string,
  acknowledged: number | null,
  task: SessionScan,
): FileScanned {
  return withFileChunks(absoluteSessionPath(root, id), (read, stats) => {
    const stamp = new FileStamp(stats);
    return { ...scanSession(read, id, acknowledged, task), mtime: stats.mtimeMs, stamp };
  });
}

/** A file that was scanned with rests in between, and the effects that the scan emitted. */
export interface LargeFileScanned {
  readonly scanned: FileScanned;
  readonly effects: readonly Effects[];
}

/** As `scanFile`, resting in between; `rested` is as in `scanSessionAtPace`. */
export async function scanFileAtPace(
  root: string,
  id: string,
  acknowledged: number | null,
  elsewhere: ReadonlySet<number>,
  rested: () => void,
): Promise<LargeFileScanned> {
  const effects: Effects[] = [];
  const task = { emit: (one: Effects) => effects.push(one), elsewhere };
  return withFileChunksAtPace(absoluteSessionPath(root, id), async (read, stats) => {
    const stamp = new FileStamp(stats);
    const scanned = await scanSessionAtPace(read, id, acknowledged, task, rested);
    return { scanned: { ...scanned, mtime: stats.mtimeMs, stamp }, effects };
  });
}
