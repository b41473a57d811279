import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Layout, STORE_LOG, sessionIdOfFileName, sessionPath, shardOf } from '../layout.ts';
import { readStoreLog } from '../store-log.ts';
import { isCreation, type JournalEntry } from './entry.ts';

/** How a file differs from what the journal says was written to it. */
export interface Difference {
  /** Relative to the data directory, with `/` between its parts. */
  readonly path: string;
  /** What it lacks: the power took it. */
  readonly lacking: readonly JournalEntry[];
  /** What cannot be put back, and why not; null where there is nothing. */
  readonly lost: string | null;
}

/** The entries of each file that count: none that only says what no longer does. */
export class LatestEntries {
  readonly #byFile = new Map<string, JournalEntry[]>();
  readonly #unsynced = new Set<string>();

  /**
   * In the order in which they were made. Where a sync of their file has failed, the system may show what the disk does not have:
   * those are written again, lacking or not.
   */
  add(entries: readonly JournalEntry[], unsynced: boolean): void {
    for (const entry of entries) {
      if (!isFileOfStore(entry.path)) continue;
      if (unsynced) this.#unsynced.add(entry.path);
      const earlier = this.#byFile.get(entry.path) ?? [];
      replaceFrom(earlier, entry);
      this.#byFile.set(entry.path, earlier);
    }
  }

  /** The log's comes first: it says which files are to be gone. It must be put right before the next is asked for. */
  *differences(layout: Layout): Generator<Difference> {
    yield* this.#differenceOf(layout, STORE_LOG);
    let deleted: ReadonlySet<string> | undefined;
    for (const path of this.#byFile.keys()) {
      if (path === STORE_LOG) continue;
      if (!existsSync(join(layout.root, path))) {
        deleted ??= deletedFiles(layout);
        if (deleted.has(path)) continue;
      }
      yield* this.#differenceOf(layout, path);
    }
  }

  *#differenceOf(layout: Layout, path: string): Generator<Difference> {
    const entries = this.#byFile.get(path);
    if (!entries || entries.length === 0) return;
    const compared = compare(join(layout.root, path), entries, this.#unsynced.has(path));
    if (compared.lacking.length > 0 || compared.lost !== null) yield { path, ...compared };
  }
}

/** Adds `entry`, which takes the place of all that stands at its offset or past it. */
function replaceFrom(entries: JournalEntry[], entry: JournalEntry): void {
  for (let last = entries.at(-1); last && endOf(last) > entry.offset; last = entries.at(-1)) {
    entries.pop();
    if (last.offset < entry.offset)
      entries.push({ ...last, bytes: last.bytes.subarray(0, entry.offset - last.offset) });
  }
  if (entry.bytes.length > 0) entries.push(entry);
}

function endOf({ offset, bytes }: JournalEntry): number {
  return offset + bytes.length;
}

/** No other may be written to, whatever a journal says. */
function isFileOfStore(path: string): boolean {
  if (path === STORE_LOG) return true;
  const [, shard, name] = /^sessions\/([0-9a-f]{2})\/([^/]+)$/.exec(path) ?? [];
  const id = name === undefined ? null : sessionIdOfFileName(name);
  return id !== null && shardOf(id) === shard;
}

/** Files of sessions that the log says are deleted. */
function deletedFiles(layout: Layout): Set<string> {
  const files = new Set<string>();
  readStoreLog(layout, null, (record) => {
    if (record.op !== 'delete') return;
    for (const { id } of record.sessions) files.add(sessionPath(id).replaceAll(sep, '/'));
  });
  return files;
}

function compare(
  path: string,
  entries: readonly JournalEntry[],
  unsynced: boolean,
): Omit<Difference, 'path'> {
  const lacking: JournalEntry[] = [];
  const nothing = { lacking, lost: null };
  const stats = lstatSync(path, { throwIfNoEntry: false });
  // A link, or a directory: whoever lists the sessions reports it.
  if (stats && !stats.isFile()) return nothing;
  // Where the journal does not hold its creation, that was synced: it is somebody else who has removed it.
  if (!stats && !isCreation(entries[0]!)) return nothing;
  const fd = stats ? openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW) : null;
  try {
    let end = fd === null ? 0 : fstatSync(fd).size;
    let lost: string | null = null;
    for (const entry of entries) {
      if (entry.offset > end) {
        return {
          lacking,
          lost: `it ends at byte ${end}, and goes on at byte ${entry.offset} in the journal`,
        };
      }
      const there = fd === null ? NOTHING : readAt(fd, entry.offset, entry.bytes.length);
      const isSame = there.equals(entry.bytes);
      if (isSame ? unsynced : wasLost(there, entry.bytes)) lacking.push(entry);
      else if (!isSame) lost ??= `at byte ${entry.offset} it holds other bytes than the journal`;
      end = Math.max(end, endOf(entry));
    }
    return { lacking, lost };
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

const NOTHING = Buffer.alloc(0);

function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
}

/** A write that the power took leaves nothing, or zeros. What differs in another way is damage, or somebody's doing. */
function wasLost(there: Buffer, written: Buffer): boolean {
  return there.every((byte, n) => byte === written[n] || byte === 0);
}
