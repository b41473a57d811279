import { existsSync, lstatSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { findDataDirectory } from '../disk/data-directory.ts';
import { isUnchanged, lookAt } from '../disk/known-file.ts';
import { isOwned } from '../disk/lock.ts';
import { absoluteSessionPath, type Layout, sessionPath, shardOf } from '../format/layout.ts';
import { IndexDatabase } from '../index/database.ts';
import { differencesOf } from '../index/differences.ts';
import type { KeyClash } from '../index/session-keys-table.ts';
import { statusOf } from '../index/store-status.ts';
import { readCleanStop } from '../recovery/clean-stop.ts';
import { indexOfBeginning, readIntoMemory, type StoreToRead } from '../recovery/read-index.ts';
import { type FileRepositoryOptions, withDefaults } from '../runtime/options.ts';
import { UNFINISHED } from '../scan/mend-tail.ts';
import { readStoreId } from '../scan/store-id.ts';

/** A fault that `check` found. `path` is relative to the data directory. */
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

export interface CheckReport {
  readonly sessionCount: number;
  readonly messageCount: number;
  readonly problems: readonly Problem[];
}

/**
 * Verifies every line of every file, and the index against them. Changes nothing, and may run beside the
 * process that owns the directory: sessions that this process may be changing are checked again before they are
 * reported.
 * Rejects with an UnreadableStoreError if the directory holds no store.
 */
export async function checkDataDirectory(options: FileRepositoryOptions): Promise<CheckReport> {
  const settings = withDefaults(options);
  const layout = findDataDirectory(settings.directory);
  const store = readStoreId(layout);
  const reading = { ...settings, layout, store };
  const files = await readIntoMemory(reading);
  const index = openIndex(layout, store);
  try {
    const busy = isOwned(layout);
    const { sessionCount, messageCount, quarantined } = statusOf(files);
    // Folders are read one after another: a parent may have been added, or a child removed, in between.
    const recovered = busy ? orphansNoMore(layout, files) : new Set<string>();
    const problems: Problem[] = quarantined
      .filter(({ reason }) => !(busy && reason === UNFINISHED))
      .filter(({ path }) => !(busy && recovered.has(path)))
      .map(({ path, reason }) => ({ path, reason }));
    for (const { id, holder } of clashesIn(files, index, busy)) {
      const reason = `its key is that of the session "${holder}", too, which has it; change or remove one of the keys`;
      problems.push({ path: sessionPath(id), reason });
    }
    if (await isRedactionLeft(layout, busy)) {
      const reason =
        'a redaction, or a purge, is not complete: the texts may still be in files of the store. Start the server, which completes it';
      problems.push({ path: 'redaction.json', reason });
    }
    if (index === 'unusable') {
      problems.push({ path: 'index.db', reason: 'cannot be used; the next start builds it again' });
    } else if (index) {
      settings.onProgress('Comparing the index', 0, 0);
      // If the process ended between a write and its commit to the index, the next start reads all changed
      // files, and recomputes the rows that depend on them.
      const cleanStop = readCleanStop(layout);
      const isBehind = !busy && cleanStop === null;
      const changed = isBehind ? changedSince(index, files) : new Set<string>();
      const damaged = new Set(files.quarantine.faultySessions());
      const isPutBack = putBackSince(index, busy ? [] : (cleanStop?.changedShards(layout) ?? []));
      const isExcused = (id: string) =>
        // The index may have rows that a damaged file has lost: the damage is reported as the file's fault.
        damaged.has(id) ||
        isPutBack(id) ||
        (isBehind && (changed.has(id) || isYetToBeRead(layout, index, id)));
      let found = differencesOf(files, index, busy || isBehind ? 'own' : 'all');
      // When restored sessions are indexed, other sessions change places.
      if ([...found].some(isPutBack)) found = differencesOf(files, index, 'own');
      const isOfTree = onlyOfTheirTrees(files, index, damaged, found);
      const different = [...found].filter((id) => !isExcused(id) && !isOfTree(id));
      for (const id of busy ? await lookAgain(reading, different, index) : different)
        problems.push({ path: 'index.db', reason: `session "${id}": ${DIFFERS}` });
    }
    return { sessionCount, messageCount, problems };
  } finally {
    files.close();
    if (index && index !== 'unusable') index.close();
  }
}

/**
 * Sessions of one owner with the same key. In a store in use, only the owner's index is of one moment: a key may have gone from one
 * session to another while the files were read.
 */
function clashesIn(
  files: IndexDatabase,
  index: IndexDatabase | 'unusable' | null,
  busy: boolean,
): readonly KeyClash[] {
  if (!busy) return files.sessionKeys.clashes();
  return index && index !== 'unusable' ? index.sessionKeys.clashes() : [];
}

/**
 * Returns a predicate for roots that differ only in what they tell of their trees: the latest activity in a tree with a damaged file may be
 * in the index alone.
 */
function onlyOfTheirTrees(
  files: IndexDatabase,
  index: IndexDatabase,
  damaged: ReadonlySet<string>,
  found: ReadonlySet<string>,
): (id: string) => boolean {
  const roots = new Set([...damaged].map((id) => index.sessions.storedRow(id)?.rootId));
  if (![...found].some((id) => roots.has(id))) return () => false;
  const own = differencesOf(files, index, 'own');
  return (id) => roots.has(id) && !own.has(id);
}

const DIFFERS = 'the index differs from its file; stop the server, delete index.db, and start it again';

/** Sessions with changes in the store's log that are later than every change of the log in `index`. */
function changedSince(index: IndexDatabase, files: IndexDatabase): Set<string> {
  const known = Math.max(index.treeChanges.lastSeq(), index.tombstones.lastSeq());
  return new Set([...files.treeChanges.changedAfter(known), ...files.tombstones.deletedAfter(known)]);
}

/**
 * True if the file may have lines that the index has not read. A file that is shorter than before has lost
 * lines instead.
 */
function isYetToBeRead(layout: Layout, index: IndexDatabase, id: string): boolean {
  const known = index.sessions.storedRow(id);
  const path = absoluteSessionPath(layout.root, id);
  const size = lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return !known || (known.size <= size && !isUnchanged(path, known));
}

/**
 * Returns a predicate for sessions whose files were repaired or restored since the index was written. The next
 * start reads faulty files, and the files in the folders `shards`: it then indexes such a session.
 */
function putBackSince(index: IndexDatabase, shards: readonly string[]): (id: string) => boolean {
  const faulty = new Set(index.quarantine.faultySessions());
  const looked = new Set(shards);
  return (id) => faulty.has(id) || (looked.has(shardOf(id)) && !index.sessions.has(id));
}

function openIndex(layout: Layout, store: string): IndexDatabase | 'unusable' | null {
  if (!lstatSync(layout.index, { throwIfNoEntry: false })) return null;
  return IndexDatabase.open(layout.index, store, { readOnly: true, verify: true }) ?? 'unusable';
}

/** Paths of orphans' files, if the parent's file exists again or the orphan's own file is gone. */
function orphansNoMore(layout: Layout, files: IndexDatabase): Set<string> {
  const isThere = (id: string) => existsSync(absoluteSessionPath(layout.root, id));
  return new Set(
    files.sessions
      .orphans()
      .filter(({ id, parentId }) => isThere(parentId) || !isThere(id))
      .map(({ id }) => sessionPath(id)),
  );
}

/** True if a redaction was begun, and is not under way. */
async function isRedactionLeft({ redaction }: Layout, busy: boolean): Promise<boolean> {
  const found = lookAt(redaction)?.ino;
  if (found === undefined || !busy) return found !== undefined;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    await delay(BETWEEN_LOOKS_MS);
    if (lookAt(redaction)?.ino !== found) return false;
  }
  return true;
}

/** The most checks of a session that differs, and the milliseconds between two checks. */
const LOOKS_MAX = 20;
const BETWEEN_LOOKS_MS = 50;

/**
 * The sessions among `ids` that keep differing: a session created or deleted between two checks differs for a
 * moment.
 */
async function lookAgain(
  reading: StoreToRead,
  ids: readonly string[],
  index: IndexDatabase,
): Promise<readonly string[]> {
  let different = ids;
  for (let look = 0; look < LOOKS_MAX && different.length > 0; look += 1) {
    if (look > 0) await delay(BETWEEN_LOOKS_MS);
    different = different.filter((id) => differs(reading, id, index));
  }
  return different;
}

/**
 * True if the index of a store in use contradicts a session's file. The index may be behind, so it is compared
 * with only the part of the file that it has read. The log's changes of the session are taken from the index
 * itself.
 */
function differs(reading: StoreToRead, id: string, index: IndexDatabase): boolean {
  let found = false;
  // The transaction gives one snapshot of the index while its owner commits.
  index.transaction(() => {
    const row = index.sessions.storedRow(id);
    const isThere = existsSync(absoluteSessionPath(reading.layout.root, id));
    if (!row || !isThere) {
      found = isThere ? !isYetToCome(reading.layout, id, index) : row !== undefined;
      return;
    }
    const fresh = indexOfBeginning(reading, id, row.size, index);
    try {
      found = differencesOf(fresh, index, 'own', id).size > 0;
    } finally {
      fresh.close();
    }
  });
  return found;
}

/**
 * Milliseconds within which the owner notices a new file, and those to add per session of the store. The
 * owner's sweep runs every minute, at a thousand sessions a second.
 */
const NOTICE_MS = 5 * 60_000;
const NOTICE_PER_SESSION_MS = 2;

/** True if the session may be too new, or restored too recently, for the index of a store in use. */
function isYetToCome(layout: Layout, id: string, index: IndexDatabase): boolean {
  const changed = lookAt(absoluteSessionPath(layout.root, id))?.ctimeMs;
  return (
    changed !== undefined &&
    Math.abs(Date.now() - changed) < NOTICE_MS + NOTICE_PER_SESSION_MS * index.sessions.totals().sessions
  );
}
