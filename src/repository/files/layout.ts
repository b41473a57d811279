import { join, sep } from 'node:path';
import { crc32 } from 'node:zlib';
import { isSessionId } from '../../model/id.ts';

/** Where things lie in a data directory; FORMAT.md, "The data directory". */
export interface Layout {
  readonly root: string;
  /** Held by the process that owns the directory. Nothing else may open it: closing it would drop the lock. */
  readonly lock: string;
  /** Who holds the lock, for the message that a second process gets. */
  readonly owner: string;
  /** The store's own log: its identity, and every change to the shape of the trees. */
  readonly storeLog: string;
  /** One file a session, in 256 folders. */
  readonly sessions: string;
  /** What was acknowledged and may not have reached its own file on the disk. */
  readonly journal: string;
  /** What was cut from the end of a file after a crash. */
  readonly torn: string;
  /** The index: a cache. */
  readonly index: string;
  /** Says that the index was current when the store was last closed. */
  readonly indexClean: string;
}

export function layoutOf(directory: string): Layout {
  return {
    root: directory,
    lock: join(directory, 'lock'),
    owner: join(directory, 'owner.json'),
    storeLog: join(directory, 'store.jsonl'),
    sessions: join(directory, 'sessions'),
    journal: join(directory, 'journal'),
    torn: join(directory, 'torn'),
    index: join(directory, 'index.db'),
    indexClean: join(directory, 'index.clean.json'),
  };
}

const EXTENSION = '.jsonl';

/** Every folder of `sessions/`: `00` to `ff`. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, n) =>
  n.toString(16).padStart(2, '0'),
);

/** The folder that holds a session's file: the last two hex digits of the CRC-32 of its id. */
export function shardOf(id: string): string {
  return SHARDS[crc32(id) & 0xff]!;
}

/**
 * A session's file name: its id in lower case; where that changed it, followed by `+` and, in hex, a number whose bit n
 * says that character n is upper case. So ids that differ only in case have files of their own everywhere.
 */
export function sessionFileName(id: string): string {
  const lower = id.toLowerCase();
  if (lower === id) return id + EXTENSION;
  let upper = 0n;
  for (let n = 0; n < id.length; n += 1) if (id[n] !== lower[n]) upper |= 1n << BigInt(n);
  return `${lower}+${upper.toString(16)}${EXTENSION}`;
}

/** The id whose file has this name; null where no session's file has it. */
export function sessionIdOfFileName(name: string): string | null {
  const match = /^([^+]+)(?:\+([0-9a-f]{1,32}))?\.jsonl$/.exec(name);
  if (!match) return null;
  if (match[2] === undefined)
    return isSessionId(match[1]) && match[1].toLowerCase() === match[1] ? match[1] : null;
  const upper = BigInt(`0x${match[2]}`);
  const id = Array.from(match[1]!, (char, n) => ((upper >> BigInt(n)) & 1n ? char.toUpperCase() : char)).join(
    '',
  );
  return isSessionId(id) && sessionFileName(id) === name ? id : null;
}

/** A session's file, relative to the data directory. */
export function sessionPath(id: string): string {
  return `sessions${sep}${shardOf(id)}${sep}${sessionFileName(id)}`;
}

/** The same, in the data directory `root`. Put together here: `join` would look at every character, each time. */
export function absoluteSessionPath(root: string, id: string): string {
  return `${root}${sep}${sessionPath(id)}`;
}
