import { getHeapSpaceStatistics } from 'node:v8';

/** Bytes in use. */
export interface Memory {
  /** After a garbage collection. */
  readonly heap: number;
  /** Of buffers, which are outside the heap. */
  readonly external: number;
  readonly resident: number;
  /** The part of `resident` in which V8 makes new objects: as large as the most that was made between two collections, or larger. */
  readonly young: number;
}

/** The use of memory of this process, which must be started with --expose-gc. */
export function memory(): Memory {
  // Twice: the second collection frees what the first one finalized.
  for (let n = 0; n < 2; n += 1) globalThis.gc!();
  const { heapUsed, external, rss } = process.memoryUsage();
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return { heap: heapUsed, external, resident: rss, young: young?.physical_space_size ?? 0 };
}
