import type { SourceSession } from './format.ts';

/** Files of which each has a session of its own, and those that stay out. */
export interface LargerFiles<File> {
  /** In the order of all files. */
  readonly kept: readonly File[];
  /** By the file that is kept: the others of the same session. */
  readonly leftOut: ReadonlyMap<File, readonly File[]>;
}

/** Of several files of one session, the largest: a copy is a copy of an earlier state. Of equal ones, the first. */
export function largerFiles<File>(
  files: readonly File[],
  sessionOf: (file: File) => string,
  bytesOf: (file: File) => number,
): LargerFiles<File> {
  const kept = new Set<File>();
  const leftOut = new Map<File, readonly File[]>();
  for (const same of Map.groupBy(files, sessionOf).values()) {
    const [largest, ...others] = same.toSorted((a, b) => bytesOf(b) - bytesOf(a));
    kept.add(largest!);
    if (others.length > 0) leftOut.set(largest!, others);
  }
  return { kept: files.filter((file) => kept.has(file)), leftOut };
}

/** Lets the core say that the file at `path` stays out, since it takes the file of `source`: the larger of two sessions with one key. */
export function leftOutFor(source: SourceSession, path: string): SourceSession {
  return { ...source, files: [{ path, bytes: 0 }] };
}
