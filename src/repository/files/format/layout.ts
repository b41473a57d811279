import { join, resolve, sep } from 'node:path';
import { crc32 } from 'node:zlib';
import { isSessionId } from '../../../model/id.ts';

/** Paths in a data directory; FORMAT.md, "The data directory". */
export interface Layout {
  readonly root: string;
  /**
   * Locked by the process that owns the directory. Nothing else in the process may open this file: closing it
   * would drop the lock.
   */
  readonly lock: string;
  /** Who holds the lock, for the error message of a second process. */
  readonly owner: string;
  /** Written and removed again to see whether the store can write. */
  readonly writeTest: string;
  /** The store's own log: its identity, and every change to the shape of the trees. */
  readonly storeLog: string;
  /** One file per session, in 256 folders. */
  readonly sessions: string;
  /** Acknowledged writes that may not have reached their own files on the disk. */
  readonly journal: string;
  /** Exists while unknown files may differ on the disk from what the system shows. */
  readonly unsynced: string;
  /** What was cut from the end of a file after a crash. */
  readonly torn: string;
  /** The tokens of the server's users; no part of the store. */
  readonly auth: string;
  /** Exists while a redaction is not complete. */
  readonly redaction: string;
  /** Exists while another store is being copied into this one. */
  readonly loading: string;
  /** The index: a cache. */
  readonly index: string;
  /** Marks that the index was current when the store was last closed. */
  readonly indexClean: string;
}

/** `root` becomes absolute, so that each file has exactly one path. */
export function layoutOf(data: string): Layout {
  const directory = resolve(data);
  return {
    root: directory,
    lock: join(directory, 'lock'),
    owner: join(directory, 'owner.json'),
    writeTest: join(directory, 'write-test.tmp'),
    storeLog: join(directory, STORE_LOG),
    sessions: join(directory, 'sessions'),
    journal: join(directory, 'journal'),
    unsynced: join(directory, 'unsynced'),
    torn: join(directory, 'torn'),
    auth: join(directory, 'auth'),
    redaction: join(directory, 'redaction.json'),
    loading: join(directory, 'loading.json'),
    index: join(directory, 'index.db'),
    indexClean: join(directory, 'index.clean.json'),
  };
}

/** The name of the store's own log in its directory. */
export const STORE_LOG = 'store.jsonl';

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
 * A session's file name: its id in lower case. If that changed the id, `+` follows and, in hex, a number
 * whose bit n says that character n is upper case. Ids that differ only in case thus have different files on
 * every file system.
 */
export function sessionFileName(id: string): string {
  const lower = id.toLowerCase();
  if (lower === id) return id + EXTENSION;
  let upper = 0n;
  for (let n = 0; n < id.length; n += 1) if (id[n] !== lower[n]) upper |= 1n << BigInt(n);
  return `${lower}+${upper.toString(16)}${EXTENSION}`;
}

/** The id of the session with this file name; null if the name is not a session's. */
export function sessionIdOfFileName(name: string): string | null {
  const stem = name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : '';
  if (isSessionId(stem)) return stem.toLowerCase() === stem ? stem : null;
  const match = /^([^+]+)\+([0-9a-f]{1,32})$/.exec(stem);
  if (!match) return null;
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

/**
 * The same, in the data directory `root`. Concatenated, because `join` would normalize every character at
 * each call.
 */
export function absoluteSessionPath(root: string, id: string): string {
  return `${root}${sep}${sessionPath(id)}`;
}

/** The name of a file or folder in the data directory, with `/` between its parts on every system. */
export function nameInStore({ root }: Layout, path: string): string {
  return path.slice(root.length + 1).replaceAll(sep, '/');
}

export function pathInStore({ root }: Layout, name: string): string {
  return root + sep + name.replaceAll('/', sep);
}
