import { closeSync, existsSync, lstatSync, readSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { isInLinkedFolder, openPlain } from '../../disk/plain-file.ts';
import { type Layout, STORE_LOG, sessionIdOfFileName, sessionPath, shardOf } from '../../format/layout.ts';
import { readStoreLog } from '../../scan/store-log.ts';
import { isCreation, type JournalEntry } from './entry.ts';

/** How a file differs from its entries in the journal. */
export interface Difference {
  /** Relative to the data directory, with `/` between its parts. */
  readonly path: string;
  /** Entries that the file lacks because of a power cut. */
  readonly lacking: readonly JournalEntry[];
  /** What cannot be restored, and why; null if nothing is lost. */
  readonly lost: string | null;
}

/** The entries of each file that are not superseded. */
export class LatestEntries {
  readonly #byFile = new Map<string, JournalEntry[]>();
  readonly #unsynced = new Set<string>();

  /**
   * Adds entries in the order in which they were made. `unsynced`: a sync of their files failed, so the
   * system may show data that the disk does not have. Such entries are written again, lacking or not.
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

  /**
   * The store's log comes first, because it says which files are deleted. The caller must restore each file
   * before it takes the next difference.
   */
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

/** Adds `entry`, which supersedes everything at its offset or past it. */
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

/** Guards against writes to any other file, whatever a journal says. */
function isFileOfStore(path: string): boolean {
  if (path === STORE_LOG) return true;
  const [, shard, name] = /^sessions\/([0-9a-f]{2})\/([^/]+)$/.exec(path) ?? [];
  const id = name === undefined ? null : sessionIdOfFileName(name);
  return id !== null && shardOf(id) === shard;
}

/** Paths of the sessions that the log says are deleted. */
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
  // A link or a directory: the listing of sessions reports it.
  if (basename(path) !== STORE_LOG && isInLinkedFolder(path)) return nothing;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) return nothing;
  // If the journal does not hold the file's creation, that was synced: another program has removed the file.
  if (!stats && !isCreation(entries[0]!)) return nothing;
  const file = stats ? openPlain(path) : null;
  const fd = file?.fd ?? null;
  try {
    let end = file?.stats.size ?? 0;
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

/**
 * True if a power cut explains the difference: a lost write leaves nothing, or zeros. Any other difference is
 * damage, or another program's write.
 */
function wasLost(there: Buffer, written: Buffer): boolean {
  return there.every((byte, n) => byte === written[n] || byte === 0);
}
