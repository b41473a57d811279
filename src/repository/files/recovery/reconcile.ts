import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../observer.ts';
import { FileStamp, isUnchanged, type KnownFile, lookAt } from '../disk/known-file.ts';
import { isLeftByOthers, listShard, shardFolders } from '../disk/shard-folders.ts';
import { isFaultOfOneFile, NO_FOLDER, NOT_PLAIN, reasonOf } from '../disk/unreadable-file.ts';
import type { ToSync } from '../durable/journal/sync-files.ts';
import {
  absoluteSessionPath,
  nameInStore,
  SHARDS,
  sessionIdOfFileName,
  sessionPath,
  shardOf,
} from '../format/layout.ts';
import type { IndexDatabase } from '../index/database.ts';
import type { Fault } from '../index/quarantine-table.ts';
import { Pace } from '../runtime/pace.ts';
import { type Adoption, adopt, type Homeless } from './adoption.ts';
import { type IndexingTask, indexFile } from './index-file.ts';
import { type FileAsIndexed, fileAsIndexed, isLeftByStore } from './outside-changes.ts';
import { scanningAhead } from './scan-ahead/scan-ahead.ts';

export interface Reconciliation extends Adoption {
  /** Only these folders of `sessions/` may differ from the index. */
  readonly shards: readonly string[];
  /** Whether all of the store's log could be read. Otherwise the index's deletions are not trusted. */
  readonly isLogWhole: boolean;
  readonly onProgress: Progress;
}

export interface Reconciled {
  /** The shape of the trees may have changed: call `relink`. */
  readonly reshaped: boolean;
  /** Names of the files that were read; not listed if very many. */
  readonly read: ToSync['names'];
  /** Sequence numbers of sessions whose files had faults before. */
  readonly replaced: readonly number[];
  /** Faulty files as they were read, by session id. */
  readonly faulty: ReadonlyMap<string, FileStamp>;
}

/**
 * Brings the index up to date with the session files: reads files that are new or changed, and removes
 * sessions whose files are gone. Fills an empty index.
 */
export async function reconcileSessions(task: Reconciliation): Promise<Reconciled> {
  const { db, layout, writer, onProgress } = task;
  const mend = task.files !== null;
  const indexing: IndexingTask = { ...task, mend };
  const wereFaulty = faultsBySession(db);
  const lastSeq = db.filling ? 0 : db.sessions.lastMutation().seq;
  let isChangedOutside = false;
  writer.clearFileFaults(task.shards);
  const { ids: listed, unlisted, strays, faulty } = listSessions(task, mend);
  // Ids that Sessiontree gives are ordered by time. In that order, parents come before their children, and
  // rows are appended to the tables instead of inserted in the middle.
  const ids = db.filling ? sorted(listed) : listed;
  const homeless: Homeless[] = [];
  const readNames: string[] = [];
  const replaced = new Set<number>();
  let reshaped = false;
  let done = 0;
  const pace = new Pace(TURN_MS);
  const known = knownFiles(db, task.shards);
  const anyDeleted = !db.tombstones.isEmpty();
  const pathOf = (id: string) => absoluteSessionPath(layout.root, id);

  // An existing index differs in few files.
  const batches = db.filling
    ? scanningAhead(layout.root, ids, (id) => db.treeChanges.versionsOf(id))
    : [{ ids, read: [] }];
  for await (const batch of batches) {
    for (const [n, id] of batch.ids.entries()) {
      done += 1;
      if (pace.isDue) {
        onProgress('Indexing sessions', done, ids.length);
        await pace.rest();
      }
      if (anyDeleted && db.tombstones.get(id)) {
        // If the whole log could be read, the deletion was committed: only the removal of the file remains.
        const failed = mend && task.isLogWhole ? removeIfLet(pathOf(id)) : null;
        if (failed) {
          const reason = `of a deleted session, whose file cannot be removed: ${failed}. Remove it`;
          writer.addFault({ kind: 'file', path: sessionPath(id), line: null, sessionId: null, reason });
        }
        continue;
      }
      const before = known.get(id);
      known.delete(id);
      if (before && !wereFaulty.has(id) && isUnchanged(pathOf(id), before)) continue;
      if (readNames.length < READ_NAMES_LIMIT) readNames.push(nameInStore(layout, pathOf(id)));
      const was: FileAsIndexed = {
        row: db.filling ? undefined : db.sessions.storedRow(id),
        faults: wereFaulty.get(id) ?? [],
      };
      const isGrown = !db.filling && (lookAt(pathOf(id))?.size ?? 0) > (was.row?.size ?? 0);
      const indexed = indexFile(indexing, id, batch.read[n]);
      isChangedOutside ||=
        !db.filling &&
        (indexed.homeless !== null || !isLeftByStore(was, fileAsIndexed(db, id), { lastSeq, isGrown }));
      reshaped ||= indexed.reshaped;
      if (indexed.faulty) faulty.set(id, indexed.faulty);
      if (wereFaulty.has(id)) {
        const seq = db.sessions.place(id)?.sequence;
        if (seq !== undefined) replaced.add(seq);
      }
      if (indexed.homeless) homeless.push({ id, state: indexed.homeless });
    }
  }
  for (const id of known.keys()) {
    // The index keeps its rows of files that cannot be looked at.
    if (unlisted.has(shardOf(id))) continue;
    writer.removeSession(id);
    reshaped = true;
    isChangedOutside = true;
  }
  if (isChangedOutside && mend) db.noteChangeFromOutside();
  // After the removals, which also clear the faults of a session that has a link or a folder in its file's place.
  for (const fault of strays) writer.addFault(fault);
  // After all sessions with a place are indexed, because only then the free numbers are known.
  await adopt(task, homeless);
  onProgress('Indexing sessions', ids.length, ids.length);
  const read = readNames.length < READ_NAMES_LIMIT ? readNames : 'all';
  return { reshaped, read, replaced: [...replaced], faulty };
}

/** The reasons of the faults of each session's file. */
function faultsBySession(db: IndexDatabase): ReadonlyMap<string, readonly string[]> {
  const faults = new Map<string, string[]>();
  for (const { sessionId, reason } of db.quarantine.inSessions()) {
    const known = faults.get(sessionId);
    if (known) known.push(reason);
    else faults.set(sessionId, [reason]);
  }
  return faults;
}

/**
 * Removes a file. In a folder that may be read but not written, the file stays until the next start: returns
 * the system's error code.
 */
function removeIfLet(path: string): string | null {
  try {
    rmSync(path);
    return null;
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return error.code ?? error.message;
  }
}

/**
 * File names without extensions are V8 slices of longer strings, which compare at a third of the speed of
 * flat strings. The round trip through JSON flattens them.
 */
function sorted(ids: readonly string[]): string[] {
  return (JSON.parse(JSON.stringify(ids)) as string[]).sort();
}

/** Files. If this many or more are read, their names are not listed. */
const READ_NAMES_LIMIT = 10_000;

/** Milliseconds of work between two rests. */
const TURN_MS = 50;

interface Listed {
  /** Ids of the sessions whose files lie in the right folders. */
  readonly ids: readonly string[];
  /** Folders that cannot be listed, or in whose place is something else. */
  readonly unlisted: ReadonlySet<string>;
  /** Faults for everything else in the folders. */
  readonly strays: readonly Fault[];
  /** Links, folders and the like in the place of a session's file, by session id. */
  readonly faulty: Map<string, FileStamp>;
}

/** Lists the session files; with `mend`, also removes temporary files of interrupted creations. */
function listSessions({ layout, shards, logger }: Reconciliation, mend: boolean): Listed {
  const ids: string[] = [];
  const unlisted = new Set<string>();
  const faulty = new Map<string, FileStamp>();
  const strays: Fault[] = [];
  const stray = (path: string, reason: string, sessionId: string | null = null) =>
    strays.push({ kind: 'file', path, line: null, sessionId, reason });
  const folders = shardFolders(layout);
  const wanted = new Set(shards);
  const isWanted = (name: string) => shards.length === SHARDS.length || wanted.has(name);
  for (const name of folders.strays) {
    if (isWanted(name) && !isLeftByOthers(name)) stray(join('sessions', name), NO_FOLDER);
    if (SHARDS.includes(name)) unlisted.add(name);
  }
  for (const shard of folders.there.filter(isWanted)) {
    const { entries, unreadable } = listShard(layout, shard);
    if (unreadable) {
      unlisted.add(shard);
      const path = join('sessions', shard);
      const reason = reasonOf(unreadable, 'folder');
      stray(path, reason);
      logger.warn({ path, reason }, 'quarantined');
      continue;
    }
    for (const entry of entries) {
      const { name } = entry;
      if (name.startsWith('.') && name.endsWith('.tmp')) {
        if (mend && entry.isFile()) removeIfLet(join(layout.sessions, shard, name));
        continue;
      }
      const id = sessionIdOfFileName(name);
      const path = join('sessions', shard, name);
      if (id !== null && shardOf(id) === shard) {
        if (entry.isFile()) {
          ids.push(id);
          continue;
        }
        stray(path, NOT_PLAIN, id);
        faulty.set(id, new FileStamp(join(layout.root, path)));
      } else if (isLeftByOthers(name)) continue;
      else if (!entry.isFile()) stray(path, NOT_PLAIN);
      else stray(path, id === null ? 'not the name of a session file' : misplaced(shard, id));
    }
  }
  return { ids, unlisted, strays, faulty };
}

function knownFiles(db: IndexDatabase, shards: readonly string[]): Map<string, KnownFile> {
  const wanted = new Set(shards);
  const all = wanted.size === SHARDS.length;
  const files = new Map<string, KnownFile>();
  if (wanted.size === 0) return files;
  for (const { id, size, mtime } of db.sessions.files()) {
    if (all || wanted.has(shardOf(id))) files.set(id, { size, mtime });
  }
  return files;
}

function misplaced(shard: string, id: string): string {
  return `the file of session "${id}" belongs in sessions/${shardOf(id)}, not in sessions/${shard}`;
}
