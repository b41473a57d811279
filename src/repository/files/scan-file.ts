import { absoluteSessionPath } from './layout.ts';
import { withFileChunks } from './scan-lines.ts';
import { type SessionScan, type SessionScanned, scanSession } from './scan-session.ts';

export interface FileScanned extends SessionScanned {
  /** The file's time when it was opened, in milliseconds. */
  readonly mtime: number;
}

/**
 * Reads the file of session `id`, in the store at `root`, as `scanSession` does. Throws what the system says where it cannot be
 * opened.
 */
export function scanFile(
  root: string,
  id: string,
  acknowledged: number | null,
  task: SessionScan,
): FileScanned {
  return withFileChunks(absoluteSessionPath(root, id), (read, mtime) => ({
    ...scanSession(read, id, acknowledged, task),
    mtime,
  }));
}
