import { sep } from 'node:path';
import { listShard, shardFolders } from '../disk/shard-folders.ts';
import { isFaultOfOneFile, isGone } from '../disk/unreadable-file.ts';
import { type Layout, SHARDS, sessionIdOfFileName, sessionPath, shardOf } from '../format/layout.ts';
import type { IndexDatabase } from '../index/database.ts';
import { type FileScanned, scanFile } from '../scan/scan-file.ts';

/*
 * Files that could not be read in full. Restoring the good bytes can leave no trace: the times of folders, and
 * the file's own size and time, may stay the same. Such files are therefore read again at each check.
 */

/**
 * True if a faulty session's file is as unreadable as the index says. False if the file was repaired or
 * restored: it then holds more than the index.
 */
export function isStillFaulty({ root }: Pick<Layout, 'root'>, db: IndexDatabase, id: string): boolean {
  const told = db.quarantine.inSessions(id);
  const row = db.sessions.storedRow(id);
  const wasUnreadable = told.some(({ kind }) => kind === 'file');
  let scanned: FileScanned;
  try {
    const task = { emit() {}, elsewhere: db.treeChanges.versionsOf(id) };
    scanned = scanFile(root, id, row?.size ?? null, task);
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return wasUnreadable && !isGone(error);
  }
  const { state, faults } = scanned;
  if (wasUnreadable || !row || !state) return !row && !state;
  const lines = (of: readonly { readonly line: number | null }[]) =>
    of.flatMap(({ line }) => line ?? []).join();
  return state.lastSeq === row.lastSeq && lines(faults) === lines(told);
}

/** The folders that hold faulty or stray files, or are strays themselves. */
export function faultyShards(db: IndexDatabase): string[] {
  const shards = new Set(db.quarantine.faultySessions().map(shardOf));
  for (const path of db.quarantine.strayPaths()) shards.add(path.split(sep)[1] ?? '');
  return SHARDS.filter((shard) => shards.has(shard));
}

/**
 * True if the folders hold exactly the files of indexed sessions, judged by their number. While a store is open,
 * the times of its folders do not show this, because its own writes change them. False if the files cannot be
 * counted.
 */
export function isAllKnown(layout: Layout, db: IndexDatabase): boolean {
  try {
    const { sessions } = db.sessions.totals();
    const faulty = new Set(db.quarantine.faultySessions().filter((id) => !db.sessions.has(id)));
    if (countFiles(layout, () => 'counts') === sessions + faulty.size) return true;
    // Other files may be foreign, or reported already.
    const reported = new Set(db.quarantine.strayPaths());
    const known = countFiles(layout, (shard, name) => {
      const id = sessionIdOfFileName(name);
      if (id === null || shardOf(id) !== shard || faulty.has(id)) return 'is passed over';
      if (db.sessions.has(id)) return 'counts';
      return reported.has(sessionPath(id)) ? 'is passed over' : 'is unknown';
    });
    return known === sessions;
  } catch {
    // On any error, the next start reads all files.
    return false;
  }
}

/**
 * The number of session files that count, judged by folder and name; null if a file is unknown or a folder
 * cannot be listed.
 */
function countFiles(
  layout: Layout,
  look: (shard: string, name: string) => 'counts' | 'is passed over' | 'is unknown',
): number | null {
  let count = 0;
  for (const shard of shardFolders(layout).there) {
    const { entries } = listShard(layout, shard);
    if (!entries) return null;
    for (const { name } of entries) {
      if (!name.endsWith('.jsonl')) continue;
      const found = look(shard, name);
      if (found === 'is unknown') return null;
      if (found === 'counts') count += 1;
    }
  }
  return count;
}
