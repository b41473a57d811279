import { statSync } from 'node:fs';
import type { Logger } from '../observer.ts';
import type { IndexDatabase } from './index/database.ts';
import type { SessionRow } from './index/session-row.ts';
import { loggedVersions } from './index/shape-changes.ts';
import type { IndexWriter } from './index/writer.ts';
import { absoluteSessionPath, type Layout, sessionPath } from './layout.ts';
import { DAMAGED_NEWLINE, mendTail, UNFINISHED } from './mend-tail.ts';
import type { Sound } from './scan-ahead/protocol.ts';
import { scanSound } from './scan-ahead/scan-sound.ts';
import { scanFile } from './scan-file.ts';
import type { Effects, SessionState } from './session-state.ts';
import { isFaultOfOneFile, reasonOf } from './unreadable-file.ts';

export interface IndexingTask {
  readonly layout: Layout;
  readonly store: string;
  readonly db: IndexDatabase;
  readonly writer: IndexWriter;
  /** May files be mended: torn tails cut, what a crash left behind swept? Only the owner of the directory may. */
  readonly mend: boolean;
  readonly logger: Logger;
  /** The highest sequence number that was given out, in a store that is in use: higher ones will be others'. */
  readonly lastGiven?: number;
}

export interface Indexed {
  /** A session came, went, or has another place. */
  readonly reshaped: boolean;
  /**
   * The session has no place in this store: it comes from another one, or its sequence number is another's, or will be. It is
   * not in the index; once it is adopted it can be.
   */
  readonly homeless: SessionState | null;
  /** Why the system does not let the file be read: the index knows of it what it knew before. */
  readonly unreadable?: NodeJS.ErrnoException;
}

/**
 * Takes the file of session `id` into the index, in place of what it held of it: as another thread has read it, or else read now.
 */
export function indexFile(task: IndexingTask, id: string, read: Sound | null = null): Indexed {
  const { db } = task;
  if (db.filling) return takeIn(task, id, read);
  // Whoever fails leaves it to the caller's transaction: SQLite may have ended that by itself, as for want of room.
  db.run('SAVEPOINT before_file');
  const indexed = takeIn(task, id, read);
  db.run('RELEASE before_file');
  return indexed;
}

function takeIn(task: IndexingTask, id: string, read: Sound | null): Indexed {
  const { layout, db, store, writer, logger } = task;
  // An index that is being filled knows nothing of it yet: each file is read once.
  const known = db.filling ? undefined : db.get<SessionRow>('SELECT * FROM sessions WHERE id = ?', id);
  const fault = (kind: 'file' | 'damage', line: number | null, reason: string) => {
    const path = sessionPath(id);
    writer.addFault({ kind, path, line, sessionId: id, reason });
    logger.warn({ path, line, reason }, 'quarantined');
  };
  if (!db.filling) writer.removeSession(id);
  const scan = (emit: (effects: Effects) => void) =>
    read
      ? scanSound(read, emit)
      : scanFile(layout.root, id, known?.size ?? null, { emit, elsewhere: loggedVersions(db, id) });
  const taking = new EffectsUnderOneSequence(db, writer);
  let scanned: ReturnType<typeof scan>;
  try {
    scanned = scan((effects) => taking.add(effects));
  } catch (error) {
    if (!isFaultOfOneFile(error)) throw error;
    if (error.code === 'ENOENT') return { reshaped: true, homeless: null };
    // What the index knows of it is worth more than nothing.
    if (db.filling) taking.takeBack(id);
    else db.run('ROLLBACK TO before_file');
    db.recent.clear();
    fault('file', null, reasonOf(error));
    return { reshaped: false, homeless: null, unreadable: error };
  }
  const { state, mtime } = scanned;
  if (state === null) {
    const cut = scanned.torn ? 'its first line is cut short' : 'the file is empty';
    fault('file', null, scanned.faults[0]?.reason ?? cut);
    return { reshaped: true, homeless: null };
  }
  const mended = task.mend && mendTail(layout, sessionPath(id), scanned, logger);
  const isTaken = !taking.owns(state.sequence) && db.sessions.isTaken(state.sequence);
  const isYetToBeGiven = task.lastGiven !== undefined && state.sequence > task.lastGiven;
  if (scanned.store !== store || isTaken || isYetToBeGiven) {
    taking.takeBack(id);
    return { reshaped: true, homeless: state };
  }
  if (taking.sequence !== null && taking.sequence !== state.sequence) {
    // It was adopted further down in the file, and all of it goes by its new number. Operations are those of a store.
    taking.takeBack(id);
    scan((effects) => {
      const operation = effects.sequence === state.sequence ? effects.operation : null;
      writer.addEffects(state.sequence, { ...effects, operation });
    });
  }
  for (const { line, reason } of scanned.faults) fault('damage', line, reason);
  if (scanned.torn && !mended) fault('damage', null, UNFINISHED);
  if (scanned.damagedNewline && !mended) fault('damage', null, DAMAGED_NEWLINE);
  // Of damaged lines nobody knows how many messages a user's they held, nor what a rollback that is one of them took back.
  const messageCount =
    scanned.faults.length > 0 ? db.messages.count(state.sequence, 'USER') : state.messageCount;
  writer.insertSession(
    neverBack({ ...state, messageCount }, known),
    mended ? statSync(absoluteSessionPath(layout.root, id)).mtimeMs : mtime,
    read?.terms,
  );
  // One whose parent could not be found, or was in a circle, has been told: that must be found again.
  const isOrphan = known?.parent_seq === null && state.parentId !== null;
  const reshaped = known?.seq !== state.sequence || known.parent_id !== state.parentId || isOrphan;
  // Otherwise a relink counts all anew.
  if (!reshaped) writer.countChildren(id);
  return { reshaped, homeless: null };
}

/** Effects as they are read, as long as they belong to the sequence number of the first, and nobody else has it. */
class EffectsUnderOneSequence {
  readonly #db: IndexDatabase;
  readonly #writer: IndexWriter;
  #sequence: number | null = null;
  #free = false;

  constructor(db: IndexDatabase, writer: IndexWriter) {
    this.#db = db;
    this.#writer = writer;
  }

  /** Is `sequence` the first one's, and nobody else's? */
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

/** A file that lost its end must not give out its versions and ordinals again: the index still knows how far it was. */
function neverBack(state: SessionState, known: SessionRow | undefined): SessionState {
  if (known?.seq !== state.sequence) return state;
  return {
    ...state,
    version: Math.max(state.version, known.version),
    nextOrdinal: Math.max(state.nextOrdinal, known.next_ordinal),
    // A rollback that the index had not taken in made it shorter.
    historyLength:
      state.lastSeq < known.last_seq
        ? Math.max(state.historyLength, known.history_length)
        : state.historyLength,
  };
}
