import { STORE_LOG } from '../format/layout.ts';
import type { Fault } from '../index/quarantine-table.ts';
import { TreeChangeWriter } from '../index/tree-change-writer.ts';
import { IndexWriter } from '../index/writer.ts';
import {
  isOlderThan,
  mendStoreLog,
  readStoreLog,
  type StoreLog,
  type StoreLogFile,
} from '../scan/store-log.ts';
import { type Reconciled, type Reconciliation, reconcileSessions } from './reconcile.ts';

export interface IndexBuild extends Omit<Reconciliation, 'writer' | 'isLogWhole'> {
  /** The faults of files that lack writes of the journal. Iterated once, after all files are read. */
  readonly journalFaults: Iterable<Fault>;
}

export interface Built extends Omit<Reconciled, 'reshaped'> {
  /** `store.jsonl` as it was read, or as it is after its tail was mended. */
  readonly storeLog: StoreLogFile;
  /** The highest sequence number known to have been given out, not counting those in session files. */
  readonly lastSeq: number;
}

/**
 * Brings the index `db` up to date with the store's log and the session files, or fills an empty index. A start, a
 * reader and `check` all call it. Returns null if the log is older than the index: an index with changes that the
 * log does not have cannot be used.
 */
export async function buildIndex(task: IndexBuild): Promise<Built | null> {
  const { layout, store, db, clock, files, logger } = task;
  const writer = new IndexWriter(db, clock);
  const known = db.filling ? null : db.storeLogSize;
  db.beginStart();
  const treeChangeWriter = new TreeChangeWriter(db, clock);
  const indexed = db.filling ? 0 : db.lastSeq;
  const log = readStoreLog(layout, known, (record) => treeChangeWriter.apply(record));
  if (known !== null && isOlderThan(log, known)) return null;
  // A damaged line was put right.
  if (files && treeChangeWriter.lowestAdded <= indexed) db.noteChangeFromOutside();
  clock.follow(log.latestTime);
  quarantineLog(writer, log);
  const storeLog = files ? mendStoreLog(layout, log, logger) : log.file;
  db.storeLogSize = log.end;
  const lastSeq = Math.max(task.lastSeq, log.lastSeq);
  const { reshaped, ...reconciled } = await reconcileSessions({
    ...task,
    writer,
    isLogWhole: log.faults.length === 0,
    lastSeq,
  });
  if (reshaped && !db.filling) writer.relink();
  for (const fault of task.journalFaults) writer.addFault(fault);
  db.endStart();
  if (db.filling) db.complete(store, () => writer.relink());
  return { ...reconciled, storeLog, lastSeq };
}

function quarantineLog(writer: IndexWriter, log: StoreLog): void {
  writer.clearFaults('log');
  for (const { line, reason } of log.faults) {
    writer.addFault({ kind: 'log', path: STORE_LOG, line, sessionId: null, reason });
  }
}
