import { lstatSync } from 'node:fs';
import type { Logger } from '../../observer.ts';
import type { Effects, SessionState } from '../../records/session-state.ts';
import { FileStamp } from '../disk/known-file.ts';
import { expectPlainFolder } from '../disk/plain-file.ts';
import { isDiskFull } from '../disk/storage-error.ts';
import { isFaultOfOneFile, isGone, reasonOf } from '../disk/unreadable-file.ts';
import { absoluteSessionPath, type Layout, sessionPath } from '../format/layout.ts';
import type { IndexDatabase } from '../index/database.ts';
import type { SessionRow } from '../index/session-row.ts';
import { placed } from '../index/tree-changes.ts';
import type { IndexWriter } from '../index/writer.ts';
import { DAMAGED_NEWLINE, mendTail, NO_NEWLINE, UNFINISHED } from '../scan/mend-tail.ts';
import { type FileScanned, type LargeFileScanned, scanFile } from '../scan/scan-file.ts';
import type { LinesScanned } from '../scan/scan-lines.ts';
import type { Sound } from './scan-ahead/protocol.ts';
import { scanSound } from './scan-ahead/scan-sound.ts';

export interface IndexingTask {
  readonly layout: Layout;
  readonly store: string;
  readonly db: IndexDatabase;
  readonly writer: IndexWriter;
  /**
   * Whether files may be repaired: torn tails cut, and leftovers of a crash swept. Only the owner of the
   * directory may.
   */
  readonly mend: boolean;
  readonly logger: Logger;
  /** For a store in use: the highest sequence number given out. Higher numbers will go to other mutations. */
  readonly lastGiven?: number;
}

export interface Indexed {
  /** A session was added, removed, or moved to another place. */
  readonly reshaped: boolean;
  /**
   * A session that has no place in this store: it comes from another store, or its sequence number belongs or
   * will belong to another session. The session is indexed only after its adoption.
   */
  readonly homeless: SessionState | null;
  /** The stamp of a faulty or homeless file as of the read. Null if the file was mended since, or another thread read it. */
  readonly faulty: FileStamp | null;
  /** The system's error if the file cannot be read: the index then keeps the file's rows. */
  readonly unreadable?: NodeJS.ErrnoException;
  /** The time of the last line, in milliseconds since 1970; 0 if unknown. */
  readonly lastTime?: number;
}

/** What was found out about a file before. */
export type ReadAhead = Sound | MendedFile;

/** A large file that was read, and mended if that was due, with rests in between. */
export interface MendedFile extends LargeFileScanned {
  readonly mended: boolean;
}

/**
 * Indexes the file of session `id`, and replaces the rows that the index had for it. If `read` is null, the file is read
 * now.
 */
export function indexFile(task: IndexingTask, id: string, read: ReadAhead | null = null): Indexed {
  const { db } = task;
  if (db.filling) return indexScanned(task, id, read, null);
  return db.undoable((undo) => indexScanned(task, id, read, undo));
}

/** `undo` rolls back all changes of the index; null for an index that is being filled. */
function indexScanned(
  task: IndexingTask,
  id: string,
  read: ReadAhead | null,
  undo: (() => void) | null,
): Indexed {
  const { layout, db, store, writer, logger } = task;
  // An index that is being filled has no rows of the file: each file is read once.
  const known = db.filling ? undefined : db.sessions.storedRow(id);
  let isFaulty = false;
  const fault = (kind: 'file' | 'damage', line: number | null, reason: string) => {
    isFaulty = true;
    const path = sessionPath(id);
    writer.addFault({ kind, path, line, sessionId: id, reason });
    logger.warn({ path, line, reason }, 'quarantined');
  };
  const told = known ? db.quarantine.inSessions(id) : [];
  if (!db.filling) writer.removeSession(id);
  const scan = (emit: (effects: Effects) => void): Omit<FileScanned, 'metadata'> => {
    // At a start, the listing has looked at the folder.
    if (task.lastGiven !== undefined) expectPlainFolder(absoluteSessionPath(layout.root, id));
    if (!read)
      return scanFile(layout.root, id, known?.size ?? null, {
        emit,
        elsewhere: db.treeChanges.versionsOf(id),
      });
    if (!('scanned' in read)) return scanSound(read, emit);
    for (const effects of read.effects) emit(effects);
    return read.scanned;
  };
  const taking = new EffectsUnderOneSequence(db, writer);
  let scanned: ReturnType<typeof scan>;
  try {
    scanned = scan((effects) => taking.add(effects));
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    if (isGone(error)) return { reshaped: known !== undefined, homeless: null, faulty: null };
    // The index keeps the rows that it had.
    if (undo) undo();
    else taking.takeBack(id);
    db.quarantine.clearOf(id, 'file');
    fault('file', null, reasonOf(error));
    const faulty = new FileStamp(absoluteSessionPath(layout.root, id));
    return { reshaped: false, homeless: null, faulty, unreadable: error };
  }
  const { state, mtime, stamp } = scanned;
  if (state === null) {
    const cut = scanned.torn ? 'its first line is cut short' : 'the file is empty';
    fault('file', null, scanned.faults[0]?.reason ?? cut);
    return { reshaped: known !== undefined, homeless: null, faulty: stamp };
  }
  const mended =
    read && 'mended' in read
      ? read.mended
      : task.mend && mendTailIfLet(layout, sessionPath(id), scanned, logger);
  const isTaken = !taking.owns(state.sequence) && db.sessions.isTaken(state.sequence);
  const isYetToBeGiven = task.lastGiven !== undefined && state.sequence > task.lastGiven;
  if (scanned.store !== store || isTaken || isYetToBeGiven) {
    taking.takeBack(id);
    return { reshaped: true, homeless: state, faulty: mended ? null : stamp };
  }
  if (taking.sequence !== null && taking.sequence !== state.sequence) {
    // A later line of the file adopted the session, so all of it counts under the new number. Operation ids
    // belong to a store, so those before the adoption do not count.
    taking.takeBack(id);
    scan((effects) => {
      const operation = effects.sequence === state.sequence ? effects.operation : null;
      writer.addEffects(state.sequence, { ...effects, operation });
    });
  }
  for (const { line, reason } of scanned.faults) fault('damage', line, reason);
  if (known && hasLost(db, known, state)) {
    // Only the index's old size tells how much is missing. After the first report the index has the new size.
    const early = scanned.end < known.size ? `${ENDS} ${known.size - scanned.end} bytes early` : undefined;
    const reason = early ?? told.find(({ reason }) => reason.startsWith(ENDS))?.reason;
    if (reason !== undefined) fault('damage', null, reason);
  }
  if (scanned.torn && !mended) fault('damage', null, UNFINISHED);
  if (scanned.damagedNewline && !mended) fault('damage', null, DAMAGED_NEWLINE);
  else if (isHalfCopied(task, scanned) && !mended) fault('damage', null, NO_NEWLINE);
  if (scanned.faults.length > 0) writer.removeOverlapped(state.sequence);
  // It is unknown how many user messages the damaged lines contained, or which a damaged truncation dropped.
  const messageCount =
    scanned.faults.length > 0 ? db.messages.count(state.sequence, 'USER') : state.messageCount;
  writer.insertSession(
    neverBack({ ...state, messageCount }, known),
    mended ? lstatSync(absoluteSessionPath(layout.root, id)).mtimeMs : mtime,
    read && 'terms' in read ? read.terms : undefined,
  );
  // A session whose parent was missing or in a cycle has been reported as such, and must be checked again.
  const isOrphan = known?.parentSequence === null && state.parentId !== null;
  const reshaped = known?.sequence !== state.sequence || known.parentId !== state.parentId || isOrphan;
  // Otherwise a relink recounts all children, and computes the activity in all trees.
  if (!reshaped) writer.countAgain(id);
  const lastTime = Date.parse(scanned.lastAt ?? '') || 0;
  return { reshaped, homeless: null, faulty: isFaulty && !mended ? stamp : null, lastTime };
}

/**
 * True if the file ends just before the newline of a good line while the store is open: another program may be
 * writing the file, which is then read again later.
 */
function isHalfCopied({ lastGiven }: IndexingTask, { unterminated, faults }: LinesScanned): boolean {
  return lastGiven !== undefined && unterminated && faults.length === 0;
}

/**
 * As `mendTail`. Returns false, and logs the error, if the file may be read but not written, or if there is no room for the copy
 * of the tail.
 */
function mendTailIfLet(...[layout, path, scanned, logger]: Parameters<typeof mendTail>): boolean {
  try {
    return mendTail(layout, path, scanned, logger);
  } catch (error) {
    if (!isFaultOfOneFile(error) && !isDiskFull(error)) throw error;
    logger.warn({ err: error, path }, 'the torn tail of the file cannot be cut');
    return false;
  }
}

/**
 * Applies effects as they are read, while they belong to the first line's sequence number and no other
 * session has it.
 */
class EffectsUnderOneSequence {
  readonly #db: IndexDatabase;
  readonly #writer: IndexWriter;
  #sequence: number | null = null;
  #free = false;

  constructor(db: IndexDatabase, writer: IndexWriter) {
    this.#db = db;
    this.#writer = writer;
  }

  /** True if `sequence` is the first line's, and no other session has it. */
  owns(sequence: number): boolean {
    return this.#free && this.#sequence === sequence;
  }

  get sequence(): number | null {
    return this.#sequence;
  }

  add(effects: Effects): void {
    const { sequence } = effects;
    if (this.#sequence === null) {
      this.#sequence = sequence;
      this.#free = !this.#db.sessions.isTaken(sequence);
    }
    if (this.#free && sequence === this.#sequence) this.#writer.addEffects(sequence, effects);
  }

  takeBack(id: string): void {
    if (this.#sequence !== null && this.#free) this.#writer.removeEffects(this.#sequence, id);
  }
}

/** The start of the reason for a file that has lost its end. */
const ENDS = 'the file ends';

/**
 * True if the file lacks mutations that the index knows. A file that is shorter but lacks no mutation may have
 * been repaired.
 */
function hasLost(db: IndexDatabase, known: SessionRow, state: SessionState): boolean {
  if (known.sequence !== state.sequence) return false;
  // The lines of a group have one version.
  if (state.nextOrdinal < known.nextOrdinal) return true;
  return placed(state, db.treeChanges.since(known.id, known.sequence)).version < known.version;
}

/**
 * Versions and ordinals in the lost end of a file must not be given out again: the index still knows the highest
 * ones.
 */
function neverBack(state: SessionState, known: SessionRow | undefined): SessionState {
  if (known?.sequence !== state.sequence) return state;
  return {
    ...state,
    version: Math.max(state.version, known.version),
    nextOrdinal: Math.max(state.nextOrdinal, known.nextOrdinal),
    // A truncation that was not indexed yet made the history shorter.
    historyLength:
      state.lastSeq < known.lastSeq
        ? Math.max(state.historyLength, known.historyLength)
        : state.historyLength,
  };
}
