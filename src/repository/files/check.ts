import { existsSync, lstatSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readCleanStop } from './clean-stop.ts';
import { COMMIT_AFTER } from './commit/committer.ts';
import { isOwned } from './disk/lock.ts';
import { IndexDatabase } from './index/database.ts';
import { differencesOf } from './index/differences.ts';
import { storeStatus } from './index/store-status.ts';
import { IndexWriter } from './index/writer.ts';
import { indexFile } from './index-file.ts';
import { isUnchanged, type KnownFile } from './known-file.ts';
import { absoluteSessionPath, type Layout, layoutOf, sessionPath } from './layout.ts';
import { UNFINISHED } from './mend-tail.ts';
import { readIntoMemory } from './open.ts';
import { type FileRepositoryOptions, withDefaults } from './options.ts';

/** Something that is wrong. `path` is relative to the data directory. */
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
 * Verifies every line of every file, and the index against them. Changes nothing, and runs beside the process that owns
 * the directory: what that one is writing just now is looked at again before it is called wrong.
 * Rejects with an UnreadableStoreError where the directory holds no store.
 */
export async function checkDataDirectory(options: FileRepositoryOptions): Promise<CheckReport> {
  const settings = withDefaults(options);
  const layout = layoutOf(settings.directory);
  const { db: files, store } = await readIntoMemory(layout, settings);
  const index = openIndex(layout, store);
  try {
    const busy = isOwned(layout);
    const { sessionCount, messageCount, quarantined } = storeStatus(files);
    // Folders are read one after another: a parent may have come, or a child have gone, in between.
    const recovered = busy ? orphansNoMore(layout, files) : new Set<string>();
    const problems: Problem[] = quarantined
      .filter(({ reason }) => !(busy && reason === UNFINISHED))
      .filter(({ path }) => !(busy && recovered.has(path)))
      .map(({ path, reason }) => ({ path, reason }));
    if (index === 'unusable') {
      problems.push({ path: 'index.db', reason: 'cannot be used; the next start builds it again' });
    } else if (index) {
      settings.onProgress('Comparing the index', 0, 0);
      // Was the process ended between a write and the index? Then the next start looks at all that came, and at what follows from it.
      const isBehind = !busy && readCleanStop(layout) === null;
      const changed = isBehind ? changedSince(index, files) : new Set<string>();
      const own = busy || isBehind ? OWN_COLUMNS : ALL_COLUMNS;
      const damaged = damagedIn(files);
      const different = differencesOf(files, index, own);
      const compared = Date.now();
      if (busy && different.size > 0) await delay(TAKEN_IN);
      for (const id of different) {
        // The index still knows what the file has lost: that is the file's fault, and told as such.
        if (damaged.has(id) || (isBehind && (changed.has(id) || isYetToBeRead(layout, index, id)))) continue;
        const reason = busy ? await lookAgain(layout, store, id, index, compared) : DIFFERS;
        if (reason) problems.push({ path: 'index.db', reason: `session "${id}": ${reason}` });
      }
    }
    return { sessionCount, messageCount, problems };
  } finally {
    files.close();
    if (index && index !== 'unusable') index.close();
  }
}

const DIFFERS = 'the index differs from its file; stop the server, delete index.db, and start it again';

/** What follows from a session's own file, and what follows from the files of all. */
const OWN_COLUMNS = `seq, id, parent_id, arrival, user_id, title, created_at, last_active_at, message_count,
  history_length, next_ordinal, input_tokens, output_tokens, cost_usd, forked_from, archived_at, version, last_seq, size, metadata`;
const ALL_COLUMNS = `${OWN_COLUMNS}, parent_seq, root_id, depth, child_count`;

/** Sessions that the store's log changes after all that `index` knows of it. */
function changedSince(index: IndexDatabase, files: IndexDatabase): Set<string> {
  const known = index.get<{ seq: number }>(
    `SELECT max(coalesce((SELECT max(seq) FROM shape_changes), 0),
                coalesce((SELECT max(deleted_seq) FROM tombstones), 0)) AS seq`,
  )!.seq;
  const rows = files.all<{ id: string }>(
    'SELECT id FROM shape_changes WHERE seq > ?1 UNION SELECT id FROM tombstones WHERE deleted_seq > ?1',
    known,
  );
  return new Set(rows.map(({ id }) => id));
}

/** Does the file hold more than the index knows of it? One that is shorter than it was has lost something. */
function isYetToBeRead(layout: Layout, index: IndexDatabase, id: string): boolean {
  const known = index.get<KnownFile>('SELECT size, mtime FROM sessions WHERE id = ?', id);
  const path = absoluteSessionPath(layout.root, id);
  const size = lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return !known || (known.size <= size && !isUnchanged(path, known));
}

function openIndex(layout: Layout, store: string): IndexDatabase | 'unusable' | null {
  if (!existsSync(layout.index)) return null;
  return IndexDatabase.open(layout.index, store, { readOnly: true, verify: true }) ?? 'unusable';
}

/** Files of sessions whose parents could not be read, and can be now, or that are gone themselves. */
function orphansNoMore(layout: Layout, files: IndexDatabase): Set<string> {
  const isThere = (id: string) => existsSync(absoluteSessionPath(layout.root, id));
  return new Set(
    files
      .all<{ id: string; parent_id: string }>(
        'SELECT id, parent_id FROM sessions WHERE parent_seq IS NULL AND parent_id IS NOT NULL',
      )
      .filter(({ id, parent_id }) => isThere(parent_id) || !isThere(id))
      .map(({ id }) => sessionPath(id)),
  );
}

function damagedIn(files: IndexDatabase): Set<string> {
  return new Set(
    files
      .all<{ session_id: string }>(
        "SELECT session_id FROM quarantine WHERE kind IN ('file', 'damage') AND session_id IS NOT NULL",
      )
      .map(({ session_id }) => session_id),
  );
}

/** What the store's log says of a session comes from the index: only its file is looked at again. */
type ShapeRow = Record<string, string | number | null>;

const LOOKS = 20;
/** Milliseconds in which an owner's index takes in what he has written, and waits for the disk. */
const TAKEN_IN = 5 * COMMIT_AFTER;

/** A session that is being written differs for a moment: a look counts when its version was the same before and after. */
async function lookAgain(
  layout: Layout,
  store: string,
  id: string,
  index: IndexDatabase,
  compared: number,
): Promise<string | null> {
  for (let look = 0; look < LOOKS; look += 1) {
    const before = versionOf(index, id);
    const fresh = IndexDatabase.inMemory();
    const writer = new IndexWriter(fresh);
    for (const change of index.all<ShapeRow>('SELECT * FROM shape_changes WHERE id = ?', id)) {
      const columns = Object.values(change);
      fresh.anyShapeChanges = true;
      fresh.run(`INSERT INTO shape_changes VALUES (${columns.map(() => '?').join(', ')})`, ...columns);
    }
    try {
      if (existsSync(absoluteSessionPath(layout.root, id))) {
        const settings = withDefaults({ directory: layout.root });
        indexFile({ layout, store, db: fresh, writer, mend: false, ...settings }, id);
      }
      fresh.complete(store, () => writer.relink());
      const differs = differencesOf(fresh, index, OWN_COLUMNS, id).size > 0;
      if (!differs) return null;
      if (before === versionOf(index, id) && look > 0 && !isWrittenSince(layout, id, compared))
        return DIFFERS;
    } finally {
      fresh.close();
    }
    await delay(50);
  }
  return null;
}

/** What was written before `time` is in its owner's index by now; what came since may not be. */
function isWrittenSince(layout: Layout, id: string, time: number): boolean {
  const file = lstatSync(absoluteSessionPath(layout.root, id), { throwIfNoEntry: false });
  return file !== undefined && file.mtimeMs >= time && file.mtimeMs <= Date.now();
}

function versionOf(index: IndexDatabase, id: string): number | null {
  return index.get<{ version: number }>('SELECT version FROM sessions WHERE id = ?', id)?.version ?? null;
}
