import { constants, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SessionReader, SessionRepository } from '../repository.ts';
import { type CleanStop, compareIndex, readCleanStop, writeCleanStop } from './clean-stop.ts';
import { COMMIT_AFTER } from './commit/committer.ts';
import { syncDirectory } from './disk/directory-sync.ts';
import { HandlePool } from './disk/handle-pool.ts';
import { acquireLock, isOwned } from './disk/lock.ts';
import { FileReader } from './file-reader.ts';
import { FileRepository } from './file-repository.ts';
import { IndexDatabase } from './index/database.ts';
import { ShapeWriter } from './index/shape-writer.ts';
import { type Fault, IndexWriter } from './index/writer.ts';
import type { Difference } from './journal/latest-entries.ts';
import { compareWithJournal, type Replayed, replayJournal } from './journal/replay.ts';
import { segmentFiles } from './journal/segment-files.ts';
import type { ToSync } from './journal/sync-files.ts';
import { type Layout, layoutOf, SHARDS, STORE_LOG, sessionIdOfFileName } from './layout.ts';
import { mendTail } from './mend-tail.ts';
import { type FileRepositoryOptions, withDefaults } from './options.ts';
import { lastSeqOf, reconcileSessions } from './reconcile.ts';
import { createStoreLog, readStoreLog, type StoreLog, UnreadableStoreError } from './store-log.ts';

/** Logged when no index could be used. */
export const BUILDING = 'building the index';

/** Open files that are kept for the next use. */
const POOLED_HANDLES = 512;

type Options = Required<FileRepositoryOptions>;

/**
 * Opens a data directory for reading and writing, and makes it where there is none. Brings the index up to date, or builds
 * it. Rejects with a DataDirectoryInUseError where another process owns the directory, with an UnreadableStoreError where
 * it is not one that this version can use.
 */
export async function openFileRepository(options: FileRepositoryOptions): Promise<SessionRepository> {
  const settings = withDefaults(options);
  const layout = layoutOf(settings.directory);
  mkdirSync(layout.sessions, { recursive: true });
  const lock = acquireLock(layout);
  try {
    const cleanStop = readCleanStop(layout);
    // From here on the index may run ahead of what the mark says.
    rmSync(layout.indexClean, { force: true });
    createStoreLog(layout);
    await syncDirectory(layout.root);
    const { left, lost } = replayLeft(layout, settings);
    const { db, store, storeLogSize, lastSeq, unsynced } = await openIndex(layout, settings, cleanStop, lost);
    return new FileRepository({
      layout,
      db,
      handles: new HandlePool(POOLED_HANDLES, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW),
      logger: settings.logger,
      limits: settings.limits,
      durability: settings.durability,
      store,
      storeLogSize,
      lastSeq,
      left,
      unsynced,
      release: (lastSeq) => {
        try {
          if (lastSeq !== null && isTakenIn(layout)) writeCleanStop(layout, lastSeq);
        } finally {
          lock.release();
        }
      },
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Opens a data directory for reading, beside a process that may be writing to it, and changes nothing there. Where no index
 * can be relied on, it reads all files into one in memory. Rejects with an
 * UnreadableStoreError where there is no store that this version can read, or one that has yet to be given back what it lost.
 */
export async function openFileRepositoryForReading(options: FileRepositoryOptions): Promise<SessionReader> {
  const settings = withDefaults(options);
  const layout = layoutOf(settings.directory);
  const { store } = readStoreLog(layout, null, () => {});
  for (const { path, lacking } of differencesFromJournal(layout, store)) {
    if (lacking.length === 0) continue;
    throw new UnreadableStoreError(
      `The store at ${layout.root} was not stopped cleanly, and ${path} lacks what its journal holds. ` +
        'Start a server on it, or run "sessiontree check --repair": either puts it back.',
    );
  }
  const db = (await openCurrentIndex(layout, store)) ?? (await readIntoMemory(layout, settings)).db;
  const handles = new HandlePool(POOLED_HANDLES, constants.O_RDONLY | constants.O_NOFOLLOW);
  return new FileReader({ layout, db, handles, logger: settings.logger });
}

/** Is all of the index in its own file? Somebody who reads it beside the owner keeps its log from being taken in and removed. */
function isTakenIn({ index }: Layout): boolean {
  return (statSync(`${index}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** Before anything else is read: the files are to hold all that was acknowledged. */
function replayLeft(layout: Layout, { logger }: Options): Replayed {
  if (segmentFiles(layout).length === 0) return { left: [], lost: [] };
  return replayJournal(layout, readStoreLog(layout, null, () => {}).store, logger);
}

interface UpToDate {
  readonly db: IndexDatabase;
  readonly store: string;
  readonly storeLogSize: number;
  /** The highest sequence number that is known to have been given out. */
  readonly lastSeq: number;
  /** Names of files that may not be on the disk as they are shown. */
  readonly unsynced: ToSync['names'];
}

/** The index on the disk, brought up to date; a new one where there is none that can be used. */
async function openIndex(
  layout: Layout,
  settings: Options,
  cleanStop: CleanStop | null,
  lost: Replayed['lost'],
): Promise<UpToDate> {
  const { logger } = settings;
  const { store, end, torn } = readStoreLog(layout, null, () => {});
  const state = cleanStop ? compareIndex(layout, cleanStop) : 'unknown';
  const trusted = state === 'same' && cleanStop !== null;
  let open =
    state === 'changed'
      ? null
      : IndexDatabase.open(layout.index, store, { readOnly: false, verify: !trusted });
  if (open && !torn && Number(open.meta('store_log_size')) > end) {
    // As where an older copy was put back; one that was cut off is damaged, and told so. What the log does not say any more must not
    // take a session away.
    logger.warn(
      { path: STORE_LOG },
      'it is shorter than it was: what the index knows of its end does not count',
    );
    open.close();
    open = null;
  }
  if (open) {
    if (!trusted) logger.info({ directory: layout.root }, 'not stopped cleanly: checking what changed');
    const shards = trusted ? cleanStop.changedShards(layout) : SHARDS;
    try {
      return await bringUpToDate(layout, settings, { db: open, store, shards, cleanStop, lost });
    } catch (err) {
      // Whatever is wrong with a cache: the files are the truth. Where they are at fault, the second try says so.
      logger.warn({ err }, 'the index cannot be used');
      open.close();
    }
  }
  logger.info({ directory: layout.root }, BUILDING);
  const db = createIndex(layout);
  return bringUpToDate(layout, settings, { db, store, shards: SHARDS, cleanStop, lost });
}

interface Index {
  readonly db: IndexDatabase;
  readonly store: string;
  /** Where the files may differ from it. */
  readonly shards: readonly string[];
  readonly cleanStop: CleanStop | null;
  readonly lost: Replayed['lost'];
}

async function bringUpToDate(
  layout: Layout,
  settings: Options,
  { db, store, shards, cleanStop, lost }: Index,
): Promise<UpToDate> {
  const changedShards = cleanStop?.changedShards(layout) ?? SHARDS;
  const wasUnsynced = markUnsynced(layout, settings, changedShards);
  const writer = new IndexWriter(db);
  db.run('BEGIN');
  const known = db.filling ? null : Number(db.meta('store_log_size'));
  const shapeWriter = new ShapeWriter(db);
  const log = readStoreLog(layout, known, (record) => shapeWriter.apply(record));
  quarantineLog(writer, log);
  mendTail(layout, STORE_LOG, log, settings.logger);
  db.setMeta('store_log_size', log.end);
  const { reshaped, read } = await reconcileSessions({
    layout,
    store,
    db,
    writer,
    shards,
    mend: true,
    isLogWhole: log.faults.length === 0,
    lastSeq: Math.max(cleanStop?.lastSeq ?? 0, log.lastSeq),
    ...settings,
  });
  if (reshaped && !db.filling) writer.relink();
  for (const { path, lost: what } of lost) {
    // Where a line is damaged, or the file cut short, that says it better.
    if (!db.get('SELECT 1 FROM quarantine WHERE path = ?', path))
      writer.addFault(faultOf(path, `${what}: see torn/`));
  }
  db.run('COMMIT');
  if (db.filling) db.complete(store, () => writer.relink());
  // To look for it takes a walk through all sessions: spared where nothing has changed since the stop that noted it.
  const inSessions = cleanStop && shards.length === 0 ? cleanStop.lastSeq : lastSeqOf(db);
  const lastSeq = Math.max(cleanStop?.lastSeq ?? 0, log.lastSeq, inSessions);
  // After a clean stop, only what came since may not be on the disk.
  const came = changedShards.length === 0 ? [] : read === 'all' ? read : [STORE_LOG, ...read];
  return { db, store, storeLogSize: log.end, lastSeq, unsynced: wasUnsynced ? 'all' : came };
}

/**
 * Where somebody was killed before he could sync what he had written, or where files came from elsewhere, the index must not vouch
 * for them until they are synced: a mark stays until then. Says whether there was one already.
 */
function markUnsynced(layout: Layout, { durability }: Options, changedShards: readonly string[]): boolean {
  const was = existsSync(layout.unsynced);
  if (changedShards.length > 0 || durability === 'os') writeFileSync(layout.unsynced, '');
  return was;
}

function quarantineLog(writer: IndexWriter, log: StoreLog): void {
  writer.clearFaults('log');
  for (const { line, reason } of log.faults) {
    writer.addFault({ kind: 'log', path: STORE_LOG, line, sessionId: null, reason });
  }
}

function createIndex(layout: Layout): IndexDatabase {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(layout.index + suffix, { force: true });
  return IndexDatabase.create(layout.index);
}

/** The index on the disk, where it is sure to be current: its owner runs, or stopped cleanly and nothing changed since. */
async function openCurrentIndex(layout: Layout, store: string): Promise<IndexDatabase | null> {
  const cleanStop = readCleanStop(layout);
  const current =
    cleanStop === null
      ? isOwned(layout)
      : compareIndex(layout, cleanStop) === 'same' && cleanStop.changedShards(layout).length === 0;
  if (!current) return null;
  // What its owner has acknowledged is to be seen.
  if (cleanStop === null) await delay(2 * COMMIT_AFTER);
  return IndexDatabase.open(layout.index, store, { readOnly: true, verify: false });
}

/** A fresh index of all files, in memory. Changes nothing on the disk. */
export async function readIntoMemory(
  layout: Layout,
  settings: Options,
): Promise<Pick<UpToDate, 'db' | 'store'>> {
  const db = IndexDatabase.inMemory();
  const writer = new IndexWriter(db);
  db.run('BEGIN');
  const shapeWriter = new ShapeWriter(db);
  const log = readStoreLog(layout, null, (record) => shapeWriter.apply(record));
  quarantineLog(writer, log);
  await reconcileSessions({
    layout,
    store: log.store,
    db,
    writer,
    shards: SHARDS,
    mend: false,
    isLogWhole: log.faults.length === 0,
    lastSeq: log.lastSeq,
    ...settings,
  });
  for (const { path, lacking, lost } of differencesFromJournal(layout, log.store)) {
    if (lacking.length > 0) writer.addFault(faultOf(path, LACKING));
    if (lost !== null) writer.addFault(faultOf(path, lost));
  }
  db.run('COMMIT');
  db.complete(log.store, () => writer.relink());
  return { db, store: log.store };
}

/** Of a store that is in use, the journal only doubles what its files show. */
function differencesFromJournal(layout: Layout, store: string): Iterable<Difference> {
  return isOwned(layout) ? [] : compareWithJournal(layout, store);
}

const LACKING = 'the file has lost its end, which the next start puts back from the journal';

function faultOf(path: string, reason: string): Fault {
  const sessionId = sessionIdOfFileName(basename(path));
  return { kind: sessionId === null ? 'log' : 'damage', path, line: null, sessionId, reason };
}
