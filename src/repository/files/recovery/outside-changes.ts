import type { IndexDatabase } from '../index/database.ts';
import { stateOf, type WholeRow } from '../index/session-row.ts';

/** What the index has of a session's file. */
export interface FileAsIndexed {
  /** Undefined if the index has no session of the file. */
  readonly row: WholeRow | undefined;
  /** The reasons of its faults. */
  readonly faults: readonly string[];
}

export function fileAsIndexed(db: IndexDatabase, id: string): FileAsIndexed {
  const faults = db.quarantine.inSessions(id).map(({ reason }) => reason);
  return { row: db.sessions.storedRow(id), faults };
}

/** True if the index has the same of a file, whose last change may be later. */
function isSameState(before: FileAsIndexed, after: FileAsIndexed): boolean {
  const text = ({ row, faults }: FileAsIndexed) => JSON.stringify([row ? stateOf(row) : null, faults]);
  return text(before) === text(after);
}

/** True if the index has the same of a file, and the file was not written since. */
export function isUntouched(before: FileAsIndexed, after: FileAsIndexed): boolean {
  return before.row?.mtime === after.row?.mtime && isSameState(before, after);
}

/**
 * True if what a start found in a file is what an earlier process of this store can have left there: whole lines of mutations after
 * `lastSeq`, the latest that the index had, or, in a file that grew, the beginning of a line. Marks then tell of all that is new.
 */
export function isLeftByStore(
  before: FileAsIndexed,
  after: FileAsIndexed,
  { lastSeq, isGrown }: { readonly lastSeq: number; readonly isGrown: boolean },
): boolean {
  if (isUntouched(before, after) || (isGrown && isSameState(before, after))) return true;
  const { row } = after;
  if (!row || before.faults.length > 0 || after.faults.length > 0) return false;
  if (!before.row) return row.sequence > lastSeq;
  return row.sequence === before.row.sequence && row.lastSeq > lastSeq && isGrown;
}
