import type { Effects } from '../../../records/session-state.ts';
import type { FileScanned } from '../../scan/scan-file.ts';

/** Sessions of the store at `root` whose files are to be read. */
export interface ToScan {
  readonly root: string;
  /** An array, as JSON: passing one long text between threads is cheaper than many small ones. */
  readonly ids: string;
  /** `SessionScan.elsewhere` by session id; a session without an entry has none. */
  readonly elsewhere: ReadonlyMap<string, ReadonlySet<number>>;
}

/** A scanned file without faults. */
export interface Sound extends Pick<FileScanned, 'store' | 'count' | 'mtime'> {
  readonly state: NonNullable<FileScanned['state']>;
  readonly effects: readonly Effects[];
  /** The terms of the session's metadata: see `metadataTerms`. */
  readonly terms: readonly number[];
}
