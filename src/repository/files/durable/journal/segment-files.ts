import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../../format/layout.ts';

/** A segment: one file of the journal. */
export interface SegmentFile {
  readonly path: string;
  readonly number: number;
  /** A file that the segment names could not be synced. */
  readonly unsynced: boolean;
}

const NAME = /^(\d{1,15})(\.unsynced)?\.journal$/;

export function segmentPath(layout: Layout, number: number): string {
  return join(layout.journal, `${number}.journal`);
}

/** The name of a segment once a file that it names could not be synced. */
export function unsyncedPath(path: string): string {
  return path.replace(/(\.unsynced)?\.journal$/, '.unsynced.journal');
}

/** The segments, in the order in which they were written. */
export function segmentFiles(layout: Layout): SegmentFile[] {
  if (!lstatSync(layout.journal, { throwIfNoEntry: false })?.isDirectory()) return [];
  const files = readdirSync(layout.journal).flatMap((name) => {
    const match = NAME.exec(name);
    if (!match) return [];
    return { path: join(layout.journal, name), number: Number(match[1]), unsynced: match[2] !== undefined };
  });
  return files.sort((a, b) => a.number - b.number);
}
