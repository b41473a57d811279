import { withFileChunks } from './scan-lines.ts';
import { type SessionScan, type SessionScanned, scanSession } from './scan-session.ts';

export interface FileScanned extends SessionScanned {
  /** The file's time when it was opened, in milliseconds. */
  readonly mtime: number;
}

/** Reads the file of session `id` at `path`, as `scanSession` does. Throws what the system says where it cannot be opened. */
export type ScanFile = (
  path: string,
  id: string,
  acknowledged: number | null,
  task: SessionScan,
) => FileScanned;

/** From the disk. */
export const scanFile: ScanFile = (path, id, acknowledged, task) =>
  withFileChunks(path, (read, mtime) => ({ ...scanSession(read, id, acknowledged, task), mtime }));
