import type { FileScanned } from '../scan-file.ts';
import type { Effects } from '../session-state.ts';

/** Sessions of the store at `root` whose files are to be read. */
export interface ToScan {
  readonly root: string;
  readonly ids: readonly string[];
  /** Of each session its `SessionScan.elsewhere`; one that is left out has none. */
  readonly elsewhere: ReadonlyMap<string, ReadonlySet<number>>;
}

/** A file in which nothing is amiss. */
export interface Sound extends Pick<FileScanned, 'store' | 'count' | 'mtime'> {
  readonly state: NonNullable<FileScanned['state']>;
  readonly effects: readonly Effects[];
}

/**
 * What files came to, in the order in which they were asked for; null for one that is left to whoever asked. It crosses as JSON,
 * which takes half as long as a structured clone.
 */
export type Answer = readonly (Sound | null)[];
