import { closeSync, constants, fsyncSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../observer.ts';
import type { IndexDatabase } from './index/database.ts';
import { loggedVersions } from './index/shape-changes.ts';
import { type IndexingTask, indexFile } from './index-file.ts';
import type { ToSync } from './journal/sync-files.ts';
import { isUnchanged, type KnownFile } from './known-file.ts';
import {
  absoluteSessionPath,
  nameInStore,
  SHARDS,
  sessionIdOfFileName,
  sessionPath,
  shardOf,
} from './layout.ts';
import { encodeLine } from './line.ts';
import { Pace } from './pace.ts';
import { readable, stampOf } from './record.ts';
import { scanningAhead } from './scan-ahead/scan-ahead.ts';
import type { SessionState } from './session-state.ts';
import { shardFolders } from './shard-folders.ts';
import { NOT_PLAIN } from './unreadable-file.ts';

export interface Reconciliation extends IndexingTask {
  /** Only these folders of `sessions/` may differ from the index. */
  readonly shards: readonly string[];
  /** Could all of the store's log be read? What the index knows of a deletion may not be so otherwise. */
  readonly isLogWhole: boolean;
  /** The highest sequence number that is known to have been given out. */
  readonly lastSeq: number;
  readonly onProgress: Progress;
}

export interface Reconciled {
  /** The shape of the trees may have changed: a relink is due. */
  readonly reshaped: boolean;
  /** Names of the files that were read; of very many it is not said which. */
  readonly read: ToSync['names'];
}

/**
 * Brings the index up to date with the session files: reads those that it does not know, or knows otherwise, and forgets
 * those that are gone. Of an empty index this makes a full one.
 */
export async function reconcileSessions(task: Reconciliation): Promise<Reconciled> {
  const { db, layout, writer, onProgress } = task;
  writer.clearFileFaults(task.shards);
  const listed = listSessions(task);
  // The ids that Sessiontree gives go by time: parents come before their children then, and rows go to the ends of the tables, not
  // here and there into their middle.
  const ids = db.filling ? sorted(listed) : listed;
  const homeless: Homeless[] = [];
  const readNames: string[] = [];
  let reshaped = false;
  let done = 0;
  const pace = new Pace(TURN);
  const known = knownFiles(db, task.shards);
  const anyDeleted = db.get('SELECT 1 FROM tombstones LIMIT 1') !== undefined;
  const pathOf = (id: string) => absoluteSessionPath(layout.root, id);

  // An index that is there differs in few files.
  const batches = db.filling
    ? scanningAhead(layout.root, ids, (id) => loggedVersions(db, id))
    : [{ ids, read: [] }];
  for await (const batch of batches) {
    for (const [n, id] of batch.ids.entries()) {
      done += 1;
      if (pace.isDue) {
        onProgress('Indexing sessions', done, ids.length);
        await pace.rest();
      }
      if (anyDeleted && db.get('SELECT 1 FROM tombstones WHERE id = ?', id)) {
        // Its deletion was committed: only the removal of the file is still owed, where the log itself says so.
        if (task.mend && task.isLogWhole) rmSync(pathOf(id));
        continue;
      }
      const before = known.get(id);
      known.delete(id);
      if (before && isUnchanged(pathOf(id), before)) continue;
      if (readNames.length < MANY) readNames.push(nameInStore(layout, pathOf(id)));
      const indexed = indexFile(task, id, batch.read[n]);
      reshaped ||= indexed.reshaped;
      // That can change without a trace: the next start must look again.
      if (indexed.unreadable && !before) db.doubt();
      if (indexed.homeless) homeless.push({ id, state: indexed.homeless });
    }
  }
  for (const id of known.keys()) {
    writer.removeSession(id);
    reshaped = true;
  }
  // Once all that have a place are known, and so which numbers are free.
  adopt(task, homeless);
  onProgress('Indexing sessions', ids.length, ids.length);
  return { reshaped, read: readNames.length < MANY ? readNames : 'all' };
}

/** What was cut out of longer texts, as names without their endings, compares at a third of the speed of a text of its own. */
function sorted(ids: readonly string[]): string[] {
  return (JSON.parse(JSON.stringify(ids)) as string[]).sort();
}

const MANY = 10_000;

interface Homeless {
  readonly id: string;
  readonly state: SessionState;
}

/** A session that lies in this store and has no place in it yet. */
export const HOMELESS =
  'it comes from another store, or another copy of this one: the next start takes it in';

/** Gives sessions that came from elsewhere a place of their own, with a line at the end of their files. */
function adopt(task: Reconciliation, homeless: readonly Homeless[]): void {
  if (homeless.length === 0) return;
  const { layout, store, db, writer, logger } = task;
  // Rows that wait count too.
  db.flush();
  let seq = Math.max(task.lastSeq, lastSeqOf(db));
  for (const { id, state } of homeless) {
    const path = sessionPath(id);
    if (!task.mend) {
      writer.addFault({ kind: 'file', path, line: null, sessionId: id, reason: HOMELESS });
      continue;
    }
    seq = Math.max(seq, state.lastSeq) + 1;
    const record = {
      ...stampOf(seq, new Date(), undefined),
      version: state.version + 1,
      op: 'adopt',
      store,
    } as const;
    appendDurably(join(layout.root, path), encodeLine(readable(record)));
    indexFile(task, id);
    logger.warn({ path, seq }, 'took in a session that came from another store, or from an older copy');
  }
}

function appendDurably(path: string, bytes: Buffer): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
  try {
    writeSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The highest sequence number that sessions bear in their files. */
export function lastSeqOf(db: IndexDatabase): number {
  return db.get<{ seq: number }>('SELECT coalesce(max(last_seq), 0) AS seq FROM sessions')!.seq;
}

/** Milliseconds of work between two looks at what else waits. */
const TURN = 50;

/** Ids of the sessions whose files lie where they belong. Tells what else there is, and removes what a creation left. */
function listSessions({ layout, shards, mend, writer }: Reconciliation): string[] {
  const ids: string[] = [];
  const stray = (path: string, reason: string) =>
    writer.addFault({ kind: 'file', path, line: null, sessionId: null, reason });
  const { there, strays } = shardFolders(layout);
  if (shards.length === SHARDS.length)
    for (const name of strays) stray(join('sessions', name), 'not a folder of sessions');
  const wanted = new Set(shards);
  for (const shard of there.filter((name) => wanted.has(name))) {
    const directory = join(layout.sessions, shard);
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const { name } = entry;
      if (name.startsWith('.') && name.endsWith('.tmp')) {
        if (mend) rmSync(join(directory, name));
        continue;
      }
      const id = sessionIdOfFileName(name);
      if (!entry.isFile()) stray(join('sessions', shard, name), NOT_PLAIN);
      else if (id === null) stray(join('sessions', shard, name), 'not the name of a session file');
      else if (shardOf(id) !== shard) stray(join('sessions', shard, name), misplaced(shard, id));
      else ids.push(id);
    }
  }
  return ids;
}

function knownFiles(db: IndexDatabase, shards: readonly string[]): Map<string, KnownFile> {
  const wanted = new Set(shards);
  const all = wanted.size === SHARDS.length;
  const files = new Map<string, KnownFile>();
  if (wanted.size === 0) return files;
  const rows = db.iterate<KnownFile & { id: string }>('SELECT id, size, mtime FROM sessions');
  for (const { id, size, mtime } of rows) {
    if (all || wanted.has(shardOf(id))) files.set(id, { size, mtime });
  }
  return files;
}

function misplaced(shard: string, id: string): string {
  return `the file of session "${id}" belongs in sessions/${shardOf(id)}, not in sessions/${shard}`;
}
