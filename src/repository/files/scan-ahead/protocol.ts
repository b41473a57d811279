import type { FileScanned } from '../scan-file.ts';
import type { Effects } from '../session-state.ts';

/** Sessions of the store at `root` whose files are to be read. */
export interface ToScan {
  readonly root: string;
  /** An array, as JSON: a long text crosses as it is, many small ones do not. */
  readonly ids: string;
  /** Of each session its `SessionScan.elsewhere`; one that is left out has none. */
  readonly elsewhere: ReadonlyMap<string, ReadonlySet<number>>;
}

/** A file in which nothing is amiss. */
export interface Sound extends Pick<FileScanned, 'store' | 'count' | 'mtime'> {
  readonly state: NonNullable<FileScanned['state']>;
  readonly effects: readonly Effects[];
  /** Of its metadata: `metadataTerms`. */
  readonly terms: readonly number[];
}
