import { existsSync, rmSync } from 'node:fs';
import type { Logger, Progress } from '../../observer.ts';
import { StoreClock } from '../../runtime/store-clock.ts';
import { DATABASE_SUFFIXES } from '../disk/database-file.ts';
import { shardFolders } from '../disk/shard-folders.ts';
import { writeNewFile } from '../disk/write-new-file.ts';
import type { DurableFiles, LeftFiles } from '../durable/durable-files.ts';
import type { Replayed } from '../durable/journal/replay.ts';
import { type Layout, SHARDS, STORE_LOG } from '../format/layout.ts';
import { IndexDatabase } from '../index/database.ts';
import type { Durability } from '../runtime/options.ts';
import { timeOfLastLine } from '../scan/time-of-last-line.ts';
import { type Built, buildIndex } from './build-index.ts';
import { type CleanStop, compareIndex } from './clean-stop.ts';
import { faultyShards } from './faulty-files.ts';
import { faultsAfterReplay } from './journal-faults.ts';

/** Logged if no index could be used. */
export const BUILDING = 'building the index';

/** What the owner of a data directory knows before the index is opened. */
export interface StartOfIndex {
  readonly layout: Layout;
  readonly store: string;
  readonly files: DurableFiles;
  /** The mark of the last clean stop; null if there was none since the last start. */
  readonly cleanStop: CleanStop | null;
  /** The writes that a replay of the journal could not restore. */
  readonly lost: Replayed['lost'];
  readonly durability: Durability;
  readonly logger: Logger;
  readonly onProgress: Progress;
}

export interface OpenedIndex
  extends Pick<Built, 'storeLog' | 'lastSeq' | 'replaced' | 'faulty'>,
    Pick<LeftFiles, 'unsynced'> {
  readonly db: IndexDatabase;
  readonly clock: StoreClock;
}

/** Opens the index on the disk and brings it up to date, or builds a new one if there is none that can be used. */
export async function openIndex(start: StartOfIndex): Promise<OpenedIndex> {
  const { layout, store, cleanStop, logger } = start;
  const wasUnsynced = existsSync(layout.unsynced);
  const state = cleanStop ? compareIndex(layout, cleanStop) : 'unknown';
  const trusted = state === 'same';
  const db =
    state === 'changed'
      ? null
      : IndexDatabase.open(layout.index, store, { readOnly: false, verify: !trusted });
  let isOlder = false;
  if (db) {
    if (!trusted) logger.info({ directory: layout.root }, 'not stopped cleanly: checking what changed');
    try {
      const opened = await bringUpToDate(start, { db, trusted, wasUnsynced });
      if (opened) return opened;
      isOlder = true;
      logger.warn(
        { path: STORE_LOG },
        'it is shorter than it was: what the index knows of its end does not count',
      );
    } catch (err) {
      // The index is only a cache. If the files are at fault, the second attempt rejects.
      logger.warn({ err }, 'the index cannot be used');
    }
  }
  // Building the index of an empty store takes no time, and is not logged.
  if (shardFolders(layout).there.length > 0) logger.info({ directory: layout.root }, BUILDING);
  const empty = createIndex(layout);
  // The log lost its end: an older copy of the store was put back.
  if (isOlder) empty.noteChangeFromOutside();
  const built = await bringUpToDate(start, { db: empty, trusted: false, wasUnsynced });
  return built!;
}

interface Index {
  readonly db: IndexDatabase;
  /** The index has not changed since the clean stop. */
  readonly trusted: boolean;
  /** An earlier process left the mark that some files may not be synced. */
  readonly wasUnsynced: boolean;
}

/** Null if the store's log is older than the index. The index is closed unless it is returned. */
async function bringUpToDate(start: StartOfIndex, index: Index): Promise<OpenedIndex | null> {
  let opened: OpenedIndex | null = null;
  try {
    opened = await readChanges(start, index);
    return opened;
  } finally {
    if (!opened) index.db.close();
  }
}

async function readChanges(start: StartOfIndex, index: Index): Promise<OpenedIndex | null> {
  const { layout, cleanStop, durability, lost } = start;
  const { db, trusted, wasUnsynced } = index;
  const changedShards = cleanStop
    ? [...new Set([...cleanStop.changedShards(layout), ...faultyShards(db)])]
    : SHARDS;
  // The process that wrote the files may have been killed before it synced them, or the files may have come from
  // elsewhere: the index must not treat them as durable. The mark stays until they are synced.
  if (!wasUnsynced && (changedShards.length > 0 || durability === 'os'))
    writeNewFile(layout.unsynced, '', { flush: false });
  const clock = new StoreClock();
  clock.follow(cleanStop?.latestTime ?? 0);
  clock.follow(db.quarantine.latestTime());
  const shards = trusted ? changedShards : SHARDS;
  const built = await buildIndex({
    ...start,
    db,
    clock,
    shards,
    lastSeq: cleanStop?.lastSeq ?? 0,
    journalFaults: faultsAfterReplay(lost, db.quarantine),
  });
  if (!built) return null;
  const { storeLog, read, replaced, faulty } = built;
  let { lastSeq } = built;
  // Finding the last mutation reads all sessions. If nothing has changed since the clean stop, the mark has
  // its number and time.
  if (cleanStop?.latestTime === undefined || shards.length > 0) {
    const last = db.sessions.lastMutation();
    lastSeq = Math.max(lastSeq, last.seq);
    clock.follow(timeOfLastLine(layout.root, last.id));
  }
  // After a clean stop, only files that were added since may not be synced.
  const came = changedShards.length === 0 ? [] : read === 'all' ? read : [STORE_LOG, ...read];
  return { db, clock, storeLog, lastSeq, replaced, faulty, unsynced: wasUnsynced ? 'all' : came };
}

function createIndex(layout: Layout): IndexDatabase {
  for (const suffix of DATABASE_SUFFIXES) rmSync(layout.index + suffix, { force: true });
  return IndexDatabase.create(layout.index);
}
