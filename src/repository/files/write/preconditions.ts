import { ConflictError, SessionArchivedError, SessionNotFoundError } from '../../../model/errors.ts';
import type { IndexReader } from '../index/reader.ts';
import type { SessionRow } from '../index/session-row.ts';

/**
 * The session's row. Throws a SessionNotFoundError if there is no such session, and a ConflictError if its version is not
 * `expectedVersion`.
 */
export function existing(
  index: Pick<IndexReader, 'row'>,
  id: string,
  expectedVersion?: number | null,
): SessionRow {
  const row = index.row(id);
  refuseMissing(id, row);
  refuseOtherVersion(row, expectedVersion);
  return row;
}

/** Throws a SessionNotFoundError if the session has no row. */
export function refuseMissing(id: string, row: SessionRow | undefined): asserts row is SessionRow {
  if (!row) throw new SessionNotFoundError(id);
}

/** Throws a ConflictError if the session's version is not `expected`. Null and undefined accept any version. */
export function refuseOtherVersion(
  { id, version }: Pick<SessionRow, 'id' | 'version'>,
  expected: number | null | undefined,
): void {
  if (expected != null && expected !== version) throw ConflictError.version(id, expected, version);
}

/** Throws a SessionArchivedError if the session is archived. */
export function refuseArchived(id: string, archivedAt: number | null): void {
  if (archivedAt !== null) throw new SessionArchivedError(id);
}
