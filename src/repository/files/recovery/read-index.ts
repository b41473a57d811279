import { setTimeout as delay } from 'node:timers/promises';
import type { Logger, Progress } from '../../observer.ts';
import type { Effects } from '../../records/session-state.ts';
import { StoreClock } from '../../runtime/store-clock.ts';
import { COMMIT_DELAY_MS } from '../commit/committer.ts';
import { isOwned } from '../disk/lock.ts';
import { isFaultOfOneFile } from '../disk/unreadable-file.ts';
import { absoluteSessionPath, type Layout, SHARDS } from '../format/layout.ts';
import { IndexDatabase } from '../index/database.ts';
import { IndexWriter } from '../index/writer.ts';
import { withFileChunks } from '../scan/scan-lines.ts';
import { scanSession } from '../scan/scan-session.ts';
import { buildIndex } from './build-index.ts';
import { compareIndex, readCleanStop } from './clean-stop.ts';
import { isStillFaulty } from './faulty-files.ts';
import { indexFile } from './index-file.ts';
import { faultsBeforeReplay } from './journal-faults.ts';
import type { Sound } from './scan-ahead/protocol.ts';
import { soundOf } from './scan-ahead/scan-sound.ts';

/** A store that may be in use by another process. */
export interface StoreToRead {
  readonly layout: Layout;
  readonly store: string;
  readonly logger: Logger;
  readonly onProgress: Progress;
}

/**
 * Opens the index on the disk if it is certainly current: its owner is running, or stopped cleanly and nothing
 * has changed since. Otherwise null.
 */
export async function openCurrentIndex({ layout, store }: StoreToRead): Promise<IndexDatabase | null> {
  const cleanStop = readCleanStop(layout);
  const current =
    cleanStop === null
      ? isOwned(layout)
      : compareIndex(layout, cleanStop) === 'same' && cleanStop.changedShards(layout).length === 0;
  if (!current) return null;
  // The owner commits acknowledged writes to the index within this time.
  if (cleanStop === null) await delay(2 * COMMIT_DELAY_MS);
  const index = IndexDatabase.open(layout.index, store, { readOnly: true, verify: false });
  // After a clean stop, faulty files may have been repaired.
  if (!index || cleanStop === null) return index;
  if (index.quarantine.faultySessions().every((id) => isStillFaulty(layout, index, id))) return index;
  index.close();
  return null;
}

/** Builds an index of all files, in memory. Changes nothing on the disk. */
export function readIntoMemory(reading: StoreToRead): Promise<IndexDatabase> {
  return buildInto(IndexDatabase.inMemory(), reading);
}

/** Builds an index of all files in `db`, which is empty, and is closed if that fails. Changes nothing in the data directory. */
export async function buildInto(db: IndexDatabase, reading: StoreToRead): Promise<IndexDatabase> {
  const { layout, store } = reading;
  try {
    await buildIndex({
      ...reading,
      db,
      clock: new StoreClock(),
      shards: SHARDS,
      files: null,
      lastSeq: 0,
      journalFaults: faultsBeforeReplay(layout, store),
    });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Builds an index of one session alone, in memory, from the first `size` bytes of its file. What the store's
 * log records of the session comes from `index`. The result is empty if these bytes have any fault.
 */
export function indexOfBeginning(
  reading: StoreToRead,
  id: string,
  size: number,
  index: IndexDatabase,
): IndexDatabase {
  const db = IndexDatabase.inMemory();
  db.treeChanges.copy(index.treeChanges, id);
  const writer = new IndexWriter(db, new StoreClock());
  const beginning = readBeginning(reading.layout, id, size, db.treeChanges.versionsOf(id));
  if (beginning) indexFile({ ...reading, db, writer, mend: false }, id, beginning);
  db.complete(reading.store, () => writer.relink());
  return db;
}

function readBeginning(
  { root }: Layout,
  id: string,
  size: number,
  elsewhere: ReadonlySet<number>,
): Sound | null {
  const effects: Effects[] = [];
  const emit = (one: Effects) => effects.push(one);
  try {
    return withFileChunks(absoluteSessionPath(root, id), (read, { mtimeMs }) => {
      const beginning = (offset: number) => read(offset).subarray(0, Math.max(0, size - offset));
      return soundOf(scanSession(beginning, id, null, { emit, elsewhere }), effects, mtimeMs);
    });
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return null;
  }
}
