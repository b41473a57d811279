import { StorageError } from '../../../model/errors.ts';
import { readable, stampOf } from '../../records/record.ts';
import type { SessionState } from '../../records/session-state.ts';
import type { StoreClock } from '../../runtime/store-clock.ts';
import { isDiskFull, isSystemError } from '../disk/storage-error.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { absoluteSessionPath, sessionPath } from '../format/layout.ts';
import { encodeLine } from '../format/line.ts';
import { timeOfLastLine } from '../scan/time-of-last-line.ts';
import { type IndexingTask, indexFile } from './index-file.ts';

/** A session whose file is in this store, but which has no place in the store yet: see `Indexed`. */
export interface Homeless {
  readonly id: string;
  readonly state: SessionState;
}

/** The reason that is reported for a homeless session. */
export const HOMELESS =
  'it comes from another store, or another copy of this one: the next start takes it in';

export interface Adoption extends Omit<IndexingTask, 'mend'> {
  /** Null for a reader, which neither mends nor adopts. */
  readonly files: Pick<DurableFiles, 'append'> | null;
  /** The highest sequence number known to have been given out. */
  readonly lastSeq: number;
  readonly clock: StoreClock;
}

/**
 * Gives each homeless session a place in this store, recorded by a line at the end of its file. A session
 * whose file cannot be written is reported instead.
 */
export async function adopt(task: Adoption, homeless: readonly Homeless[]): Promise<void> {
  if (homeless.length === 0) return;
  const { layout, store, db, files, clock, logger } = task;
  // Queued rows also have sequence numbers.
  db.flush();
  const last = db.sessions.lastMutation();
  let seq = Math.max(task.lastSeq, last.seq);
  clock.follow(timeOfLastLine(layout.root, last.id));
  for (const { id, state } of homeless) {
    if (!files) {
      reportHomeless(task, id, HOMELESS);
      continue;
    }
    seq = Math.max(seq, state.lastSeq) + 1;
    const record = {
      ...stampOf(seq, clock.now(), undefined),
      version: state.version + 1,
      op: 'adopt',
      store,
    } as const;
    const tail = { path: absoluteSessionPath(layout.root, id), size: state.size };
    try {
      await files.append(tail, encodeLine(readable(record)));
    } catch (error) {
      const cause = error instanceof StorageError ? error.cause : error;
      if (!isSystemError(cause) && !isDiskFull(cause)) throw error;
      reportHomeless(
        task,
        id,
        `${HOMELESS}, once it may be written (${(cause as NodeJS.ErrnoException).code})`,
      );
      continue;
    }
    indexFile({ ...task, mend: true }, id);
    const path = sessionPath(id);
    logger.warn({ path, seq }, 'took in a session that came from another store, or from an older copy');
  }
}

function reportHomeless({ writer }: Adoption, id: string, reason: string): void {
  writer.addFault({ kind: 'file', path: sessionPath(id), line: null, sessionId: id, reason });
}
