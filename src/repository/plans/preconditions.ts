import { ConflictError, SessionArchivedError, SessionNotFoundError } from '../../model/errors.ts';
import type { Session } from '../../model/session.ts';

/** Throws a SessionNotFoundError if the session was not found. */
export function refuseMissing<T extends object>(id: string, found: T | null | undefined): asserts found is T {
  if (!found) throw new SessionNotFoundError(id);
}

/** Throws a ConflictError if the session's version is not `expected`. Null and undefined accept any version. */
export function refuseOtherVersion(
  { id, version }: Pick<Session, 'id' | 'version'>,
  expected: number | null | undefined,
): void {
  if (expected != null && expected !== version) throw ConflictError.version(id, expected, version);
}

/** Throws a SessionArchivedError if the session is archived. */
export function refuseArchived(id: string, archivedAt: number | null): void {
  if (archivedAt !== null) throw new SessionArchivedError(id);
}
