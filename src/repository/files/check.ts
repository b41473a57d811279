import { existsSync, lstatSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readCleanStop } from './clean-stop.ts';
import { isOwned } from './disk/lock.ts';
import { IndexDatabase } from './index/database.ts';
import { differencesOf } from './index/differences.ts';
import { metadataTermsOf } from './index/metadata-terms.ts';
import { loggedVersions } from './index/shape-changes.ts';
import { storeStatus } from './index/store-status.ts';
import { IndexWriter } from './index/writer.ts';
import { indexFile } from './index-file.ts';
import { isUnchanged, type KnownFile } from './known-file.ts';
import { absoluteSessionPath, type Layout, layoutOf, sessionPath } from './layout.ts';
import { UNFINISHED } from './mend-tail.ts';
import { readIntoMemory } from './open.ts';
import { type FileRepositoryOptions, withDefaults } from './options.ts';
import type { Sound } from './scan-ahead/protocol.ts';
import { withFileChunks } from './scan-lines.ts';
import { scanSession } from './scan-session.ts';
import type { Effects } from './session-state.ts';
import { isFaultOfOneFile } from './unreadable-file.ts';

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
      const isExcused = (id: string) =>
        // The index still knows what the file has lost: that is the file's fault, and told as such.
        damaged.has(id) || (isBehind && (changed.has(id) || isYetToBeRead(layout, index, id)));
      const different = [...differencesOf(files, index, own)].filter((id) => !isExcused(id));
      for (const id of busy ? await lookAgain(layout, store, different, index) : different)
        problems.push({ path: 'index.db', reason: `session "${id}": ${DIFFERS}` });
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
  return new Set(
    files.column<string>(
      'SELECT id FROM shape_changes WHERE seq > ?1 UNION SELECT id FROM tombstones WHERE deleted_seq > ?1',
      known,
    ),
  );
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
    files.column<string>(
      "SELECT session_id FROM quarantine WHERE kind IN ('file', 'damage') AND session_id IS NOT NULL",
    ),
  );
}

const LOOKS = 20;

/** Those of the sessions `ids` that go on to differ: one that was made or deleted between two looks does so for a moment. */
async function lookAgain(
  layout: Layout,
  store: string,
  ids: readonly string[],
  index: IndexDatabase,
): Promise<readonly string[]> {
  let different = ids;
  for (let look = 0; look < LOOKS && different.length > 0; look += 1) {
    if (look > 0) await delay(50);
    different = different.filter((id) => differs(layout, store, id, index));
  }
  return different;
}

type ShapeRow = Record<string, string | number | null>;

/**
 * Does the index of a store that is in use say something else of a session than its file? It may be behind: it is held against as
 * much of the file as it knows. What the store's log says of the session comes from the index itself.
 */
function differs(layout: Layout, store: string, id: string, index: IndexDatabase): boolean {
  const fresh = IndexDatabase.inMemory();
  let found = false;
  try {
    // Of one moment, whatever its owner commits meanwhile.
    index.transaction(() => {
      const row = index.get<{ size: number }>('SELECT size FROM sessions WHERE id = ?', id);
      const isThere = existsSync(absoluteSessionPath(layout.root, id));
      if (!row || !isThere) {
        found = isThere ? !isYetToCome(layout, id, index) : row !== undefined;
        return;
      }
      for (const change of index.all<ShapeRow>('SELECT * FROM shape_changes WHERE id = ?', id)) {
        const columns = Object.values(change);
        fresh.anyShapeChanges = true;
        fresh.run(`INSERT INTO shape_changes VALUES (${columns.map(() => '?').join(', ')})`, ...columns);
      }
      const writer = new IndexWriter(fresh);
      const settings = withDefaults({ directory: layout.root });
      const task = { layout, store, db: fresh, writer, mend: false, ...settings };
      const beginning = readBeginning(layout, id, row.size, loggedVersions(fresh, id));
      if (beginning) indexFile(task, id, beginning);
      fresh.complete(store, () => writer.relink());
      found = differencesOf(fresh, index, OWN_COLUMNS, id).size > 0;
    });
  } finally {
    fresh.close();
  }
  return found;
}

/** Milliseconds after which a file is no new one. Its index is late where another program holds it. */
const NEW = 10_000;

/** Is it a new session that came after all that the index of a store in use knows? They come into it in their order. */
function isYetToCome(layout: Layout, id: string, index: IndexDatabase): boolean {
  const { latest } = index.get<{ latest: number | null }>('SELECT max(seq) AS latest FROM sessions')!;
  const whole = readBeginning(layout, id, Number.POSITIVE_INFINITY, new Set());
  return whole !== null && whole.state.sequence > (latest ?? 0) && Date.now() - whole.mtime < NEW;
}

/** What the first `size` bytes of a session's file come to; null where there is anything wrong with them. */
function readBeginning(
  layout: Layout,
  id: string,
  size: number,
  elsewhere: ReadonlySet<number>,
): Sound | null {
  const effects: Effects[] = [];
  const emit = (one: Effects) => effects.push(one);
  try {
    return withFileChunks(absoluteSessionPath(layout.root, id), (read, mtime) => {
      const beginning = (offset: number) => read(offset).subarray(0, Math.max(0, size - offset));
      const scanned = scanSession(beginning, id, null, { emit, elsewhere });
      const { state, store, metadata, count, faults, torn } = scanned;
      if (!state || faults.length > 0 || torn) return null;
      return { state, store, count, mtime, effects, terms: metadataTermsOf(metadata) };
    });
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    return null;
  }
}
