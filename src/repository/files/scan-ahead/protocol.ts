import type { FileScanned } from '../scan-file.ts';
import type { Effects } from '../session-state.ts';

/** A session's file that is to be read. */
export interface ToScan {
  readonly id: string;
  readonly path: string;
  /** As of a `SessionScan`. */
  readonly elsewhere: ReadonlySet<number>;
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
