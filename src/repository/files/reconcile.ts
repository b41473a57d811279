import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IndexDatabase } from './index/database.ts';
import type { SessionRow } from './index/session-row.ts';
import { IndexWriter } from './index/writer.ts';
import { type Layout, SHARDS, sessionIdOfFileName, shardOf } from './layout.ts';
import type { Logger, Progress } from './options.ts';
import { type LinesScanned, withFileChunks } from './scan-lines.ts';
import { scanSession } from './scan-session.ts';
import type { SessionState } from './session-state.ts';

export interface Reconciliation {
  readonly layout: Layout;
  readonly store: string;
  readonly db: IndexDatabase;
  /** Only these folders of `sessions/` may differ from the index. */
  readonly shards: readonly string[];
  /** May files be mended: torn tails cut, what a crash left behind swept? Only the owner of the directory may. */
  readonly mend: boolean;
  readonly logger: Logger;
  readonly onProgress: Progress;
}

/**
 * Brings the index up to date with the session files: reads those that it does not know, or knows at another size, and
 * forgets those that are gone. Of an empty index this makes a full one. Says whether the shape of the trees may have
 * changed, so that `relink` is due.
 */
export async function reconcileSessions(task: Reconciliation): Promise<boolean> {
  const { db, layout, onProgress } = task;
  const writer = new IndexWriter(db);
  writer.clearFileFaults(task.shards);
  const files = listFiles(task, writer);
  let reshaped = false;
  let done = 0;
  let pause = performance.now() + TURN;
  const known = knownFiles(db, task.shards);

  for (const { shard, name } of files) {
    done += 1;
    if (performance.now() > pause) {
      onProgress('Indexing sessions', done, files.length);
      await nextTurn();
      pause = performance.now() + TURN;
    }
    const id = sessionIdOfFileName(name);
    const path = join('sessions', shard, name);
    if (id === null || shardOf(id) !== shard) {
      writer.addFault({ kind: 'file', path, line: null, sessionId: null, reason: misplaced(shard, id) });
      continue;
    }
    if (db.get('SELECT 1 FROM tombstones WHERE id = ?', id)) {
      // Its deletion was committed: only the removal of the file is still owed.
      if (task.mend) rmSync(join(layout.root, path));
      continue;
    }
    const before = known.get(id);
    known.delete(id);
    if (before && isUnchanged(join(layout.root, path), before)) continue;
    reshaped = indexFile(task, writer, id, path) || reshaped;
  }
  for (const id of known.keys()) {
    writer.removeSession(id);
    reshaped = true;
  }
  onProgress('Indexing sessions', files.length, files.length);
  return reshaped;
}

/** Milliseconds of work between two looks at what else waits. */
const TURN = 50;

interface SessionFile {
  readonly shard: string;
  readonly name: string;
}

function listFiles({ layout, shards, mend }: Reconciliation, writer: IndexWriter): SessionFile[] {
  const files: SessionFile[] = [];
  const stray = (path: string, reason: string) =>
    writer.addFault({ kind: 'file', path, line: null, sessionId: null, reason });
  if (shards.length === SHARDS.length) {
    for (const name of readdirSync(layout.sessions)) {
      if (!SHARDS.includes(name)) stray(join('sessions', name), 'not a folder of sessions');
    }
  }
  for (const shard of shards) {
    const directory = join(layout.sessions, shard);
    if (!existsSync(directory)) continue;
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.name.startsWith('.') && entry.name.endsWith('.tmp')) {
        if (mend) rmSync(join(directory, entry.name));
      } else if (entry.isFile()) {
        files.push({ shard, name: entry.name });
      } else {
        stray(join('sessions', shard, entry.name), 'not a plain file: links are not followed');
      }
    }
  }
  return files;
}

/** A file as the index knows it. */
export interface KnownFile {
  readonly size: number;
  readonly mtime: number;
}

/** False also where the file is gone. */
export function isUnchanged(path: string, known: KnownFile): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.size === known.size && now.mtimeMs === known.mtime;
}

function knownFiles(db: IndexDatabase, shards: readonly string[]): Map<string, KnownFile> {
  const wanted = new Set(shards);
  const all = wanted.size === SHARDS.length;
  const files = new Map<string, KnownFile>();
  const rows = db.iterate<KnownFile & { id: string }>('SELECT id, size, mtime FROM sessions');
  for (const { id, size, mtime } of rows) {
    if (all || wanted.has(shardOf(id))) files.set(id, { size, mtime });
  }
  return files;
}

/**
 * Reads one file into the index, in place of what it held of it. Says whether a session came, went or has another place.
 */
export function indexFile(task: Reconciliation, writer: IndexWriter, id: string, path: string): boolean {
  const { layout, db, store, logger } = task;
  const absolute = join(layout.root, path);
  const known = db.get<SessionRow>('SELECT * FROM sessions WHERE id = ?', id);
  const fault = (kind: 'file' | 'damage', line: number | null, reason: string) => {
    writer.addFault({ kind, path, line, sessionId: id, reason });
    logger.warn({ path, line, reason }, 'quarantined');
  };
  writer.removeSession(id);
  // Before it is read: a change that comes while it is being read must show.
  const mtime = statSync(absolute, { throwIfNoEntry: false })?.mtimeMs;
  if (mtime === undefined) return true;
  let holder: string | undefined;
  let first = true;
  const { state, ...scanned } = withFileChunks(absolute, (read) =>
    scanSession(read, { id, store }, known?.size ?? null, (sequence, effects) => {
      if (first) holder = db.get<{ id: string }>('SELECT id FROM sessions WHERE seq = ?', sequence)?.id;
      first = false;
      if (holder === undefined) writer.addEffects(sequence, effects);
    }),
  );
  if (state === null) {
    const cut = scanned.torn ? 'its first line is cut short' : 'the file is empty';
    fault('file', null, scanned.faults[0]?.reason ?? cut);
    return true;
  }
  if (holder !== undefined) {
    fault('file', null, `session "${holder}" has its sequence number (${state.sequence})`);
    return true;
  }
  for (const { line, reason } of scanned.faults) fault('damage', line, reason);
  const mended = task.mend && mendTail(layout, path, scanned, logger);
  if (scanned.torn && !mended) fault('damage', null, UNFINISHED);
  writer.insertSession(neverBack(state, known), mended ? statSync(absolute).mtimeMs : mtime);
  return known?.seq !== state.sequence || known.parent_id !== state.parentId;
}

/** A file that lost its end must not give out its versions and ordinals again: the index still knows how far it was. */
function neverBack(state: SessionState, known: SessionRow | undefined): SessionState {
  if (known?.seq !== state.sequence) return state;
  return {
    ...state,
    version: Math.max(state.version, known.version),
    nextOrdinal: Math.max(state.nextOrdinal, known.next_ordinal),
    historyLength: Math.max(state.historyLength, known.history_length),
  };
}

/** Of a file that ends in a torn tail, where it may not be mended. */
export const UNFINISHED = 'the file ends in an unfinished write, which the next start cuts off';

/**
 * Cuts what no mutation acknowledged from the end of a file, and keeps it aside; ends its last line. Says whether there was
 * anything to do.
 */
export function mendTail(layout: Layout, path: string, lines: LinesScanned, logger: Logger): boolean {
  const absolute = join(layout.root, path);
  if (lines.torn) {
    const kept = join('torn', `${basename(path)}.${lines.end}.${Date.now()}`);
    cutTail(absolute, lines.end, join(layout.root, kept));
    logger.warn(
      { path, from: lines.end, kept },
      'cut a torn tail: an unfinished write, acknowledged to nobody',
    );
  } else if (lines.unterminated) {
    appendFileSync(absolute, '\n', { flush: true });
  }
  return lines.torn || lines.unterminated;
}

/** Moves what lies beyond `end` to a file of its own. */
function cutTail(path: string, end: number, kept: string): void {
  mkdirSync(dirname(kept), { recursive: true });
  const fd = openSync(path, 'r+');
  try {
    const tail = Buffer.alloc(fstatSync(fd).size - end);
    readSync(fd, tail, 0, tail.length, end);
    writeFileSync(kept, tail, { flush: true });
    ftruncateSync(fd, end);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function misplaced(shard: string, id: string | null): string {
  if (id === null) return 'not the name of a session file';
  return `the file of session "${id}" belongs in sessions/${shardOf(id)}, not in sessions/${shard}`;
}
