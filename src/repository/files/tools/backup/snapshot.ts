import { type KnownFile, lookAt } from '../../disk/known-file.ts';
import { isOwned } from '../../disk/lock.ts';
import { listShard, shardFolders } from '../../disk/shard-folders.ts';
import {
  absoluteSessionPath,
  type Layout,
  STORE_LOG,
  sessionIdOfFileName,
  sessionPath,
  shardOf,
} from '../../format/layout.ts';
import type { IndexDatabase } from '../../index/database.ts';
import { statusOf } from '../../index/store-status.ts';
import { refuseUnrestored } from '../../recovery/journal-faults.ts';
import { openCurrentIndex, readIntoMemory, type StoreToRead } from '../../recovery/read-index.ts';
import type { Problem } from '../check.ts';
import { BackupError } from './backup-error.ts';

/** The store as it was at one moment between two mutations. */
export interface Snapshot {
  /** The sessions, each with the acknowledged size of its file. */
  readonly sessions: ReadonlyMap<string, KnownFile>;
  /** Files that the index does not describe: they are copied whole, as they are. */
  readonly unindexed: ReadonlySet<string>;
  /** Of the ids that were asked about, those of deleted sessions. */
  readonly deleted: ReadonlySet<string>;
  /** The acknowledged size of the store's log. */
  readonly logSize: number;
  /** What is damaged. */
  readonly problems: readonly Problem[];
}

/** The session files of a data directory, by session id. Files of other names, and in other places, belong to no store. */
export function listSessionFiles(layout: Layout): Map<string, KnownFile> {
  const files = new Map<string, KnownFile>();
  for (const shard of shardFolders(layout).there) {
    for (const entry of listShard(layout, shard).entries ?? []) {
      const id = entry.isFile() ? sessionIdOfFileName(entry.name) : null;
      if (id === null || shardOf(id) !== shard) continue;
      const stats = lookAt(absoluteSessionPath(layout.root, id));
      if (stats?.isFile()) files.set(id, { size: stats.size, mtime: stats.mtimeMs });
    }
  }
  return files;
}

/**
 * Takes a snapshot that has all that the files had when they were `listed`. `others` are ids in which the caller is interested, too, because
 * the backup has them. A server may take `indexWaitMs` milliseconds to take in what its files have; what it has not taken in then is
 * reported as a problem.
 */
export async function takeSnapshot(
  reading: StoreToRead,
  listed: ReadonlyMap<string, KnownFile>,
  { others, indexWaitMs }: { readonly others: Iterable<string>; readonly indexWaitMs: number },
): Promise<Snapshot> {
  const { layout, onProgress } = reading;
  const until = performance.now() + indexWaitMs;
  const logSize = lookAt(layout.storeLog)?.size ?? 0;
  const asked = new Set([...listed.keys(), ...others]);
  for (let tries = 1; ; tries += 1) {
    const snapshot = await readSnapshot(reading, asked, tries === 1);
    if (snapshot.source === 'files') return snapshot;
    const behind = [...listed.keys()].filter((id) => isBehind(snapshot, layout, id, listed.get(id)!));
    const isLogBehind = logSize > snapshot.logSize && (lookAt(layout.storeLog)?.size ?? 0) > snapshot.logSize;
    if (behind.length === 0 && !isLogBehind) return snapshot;
    // `openCurrentIndex` waits each time for as long as a server takes for small changes.
    if (performance.now() < until) {
      onProgress('Waiting for the server, tries:', tries, 0);
      continue;
    }
    const problems = behind.map((id) => ({ path: sessionPath(id), reason: NOT_TAKEN_IN }));
    return {
      ...snapshot,
      unindexed: new Set([...snapshot.unindexed, ...behind]),
      problems: [
        ...snapshot.problems,
        ...problems,
        ...(isLogBehind ? [{ path: STORE_LOG, reason: CHANGE_NOT_TAKEN_IN }] : []),
      ],
    };
  }
}

const NOT_TAKEN_IN =
  'the running server has not taken in all of the file, which was copied as it is; restart the server, and make the backup again';

const CHANGE_NOT_TAKEN_IN =
  'the running server has not completed the latest changes of trees, which the backup does not have; make the backup again, and restart the ' +
  'server if that does not help';

/** True if the file had, and still has, more than the snapshot knows of. */
function isBehind(snapshot: IndexSnapshot, { root }: Layout, id: string, listed: KnownFile): boolean {
  if (snapshot.faulty.has(id) || snapshot.deleted.has(id)) return false;
  const known = snapshot.sessions.get(id)?.size ?? -1;
  return listed.size > known && (lookAt(absoluteSessionPath(root, id))?.size ?? -1) > known;
}

interface IndexSnapshot extends Snapshot {
  /** What was read: the index of a server that runs, that of a store that nobody has open, or all files. */
  readonly source: 'server' | 'index' | 'files';
  readonly faulty: ReadonlySet<string>;
}

/** With `mayTrust`, the files of a store that was stopped cleanly are not read: they are as its index says. */
async function readSnapshot(
  reading: StoreToRead,
  asked: ReadonlySet<string>,
  mayTrust: boolean,
): Promise<IndexSnapshot> {
  const { index, source } = await openIndexOfOneMoment(reading, mayTrust);
  try {
    const sessions = new Map<string, KnownFile>();
    const deleted = new Set<string>();
    const problems: Problem[] = [];
    let faulty = new Set<string>();
    let logSize = 0;
    // The transaction gives one snapshot of the index while its owner commits.
    index.transaction(() => {
      for (const { id, size, mtime } of index.sessions.files()) sessions.set(id, { size, mtime });
      for (const id of asked) if (!sessions.has(id) && index.tombstones.get(id)) deleted.add(id);
      faulty = new Set(index.quarantine.faultySessions());
      for (const { path, reason } of statusOf(index).quarantined) problems.push({ path, reason });
      logSize = index.storeLogSize;
    });
    const unindexed = new Set([...faulty].filter((id) => !sessions.has(id)));
    return { sessions, unindexed, deleted, logSize, problems, source, faulty };
  } finally {
    index.close();
  }
}

/** Files that are read one after the other while a server writes to them would not be the store of one moment. */
async function openIndexOfOneMoment(
  reading: StoreToRead,
  mayTrust: boolean,
): Promise<{ index: IndexDatabase; source: IndexSnapshot['source'] }> {
  const { layout, store } = reading;
  for (;;) {
    refuseUnrestored(layout, store);
    const isServed = isOwned(layout);
    const current = isServed || mayTrust ? await openCurrentIndex(reading) : null;
    if (current) return { index: current, source: isServed ? 'server' : 'index' };
    if (isServed)
      throw new BackupError(
        `A server has the store at ${layout.root} open, but its index cannot be read: it is not complete yet, was removed, or is that ` +
          'of another version. Wait until the server has started, or restart it with this version, and make the backup then.',
      );
    const index = await readIntoMemory(reading);
    if (!isOwned(layout)) return { index, source: 'files' };
    index.close();
  }
}
