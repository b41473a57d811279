import { refuseMissing, refuseOtherVersion } from '../../plans/preconditions.ts';
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
