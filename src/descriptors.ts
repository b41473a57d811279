import { readFileSync } from 'node:fs';

/** Sockets with which a server listens on its port. */
export const LISTENING_SOCKETS = 16;

/** Descriptors that the server, the store and the runtime need whatever is asked of them: databases, the journal, threads, standard streams. */
const FIXED = 64 + LISTENING_SOCKETS;

/** Files that a store keeps open for appends, if the system allows as many. */
const OPEN_FILES_MAX = 512;

/** How the descriptors that the system allows a process are divided. */
export interface DescriptorShares {
  /** Session files that a store keeps open. */
  readonly files: number;
  /** What is left for connections. */
  readonly connections: number;
}

/** The shares of a process that may have `limit` descriptors. Files get at most half of what is not fixed. */
export function sharesOf(limit: number): DescriptorShares {
  const free = Math.max(2, limit - FIXED);
  const files = Math.min(OPEN_FILES_MAX, Math.floor(free / 2));
  return { files, connections: free - files };
}

/** The shares of this process. The limit is that of its start: Node.js raises it to what the system allows at most. */
export function descriptorShares(): DescriptorShares {
  shares ??= sharesOf(openFilesMax());
  return shares;
}

let shares: DescriptorShares | undefined;

/** The text of the line in /proc/self/limits. */
const OPEN_FILES = /^Max open files +(\d+) /m;

/** Infinite if the system does not say. */
function openFilesMax(): number {
  try {
    return Number(
      OPEN_FILES.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.POSITIVE_INFINITY,
    );
  } catch {
    // Not Linux. The report knows, too, but takes up to a tenth of a second.
    const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: unknown } } };
    const limit = userLimits?.open_files?.soft;
    return typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY;
  }
}
