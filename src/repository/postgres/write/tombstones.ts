import { StorageError } from '../../../model/errors.ts';
import type { Session } from '../../../model/session.ts';
import { type DeletedSession, sessionOfTombstone } from '../../plans/deleted-session.ts';
import type { ReadParts } from '../read/parts.ts';

const SELECT_TOMBSTONE = `SELECT id, parent_id AS "parentId", arrival, last FROM tombstones
  WHERE home = $1::int8 AND sid = $2::int8`;

/** What is left of a deleted session, for the answer to a late retry. Rejects with a StorageError if nothing is. */
export async function buriedSession(parts: ReadParts, id: string): Promise<Session> {
  const tombstone = await tombstoneOf(parts, id);
  if (tombstone.last === null)
    throw new StorageError(
      'The operation was done, and its session was deleted since, with all that its answer would say.',
      false,
    );
  return sessionOfTombstone(tombstone);
}

/** The tombstone of a session. Rejects with a StorageError if there is none. */
export async function tombstoneOf({ database, places }: ReadParts, id: string): Promise<DeletedSession> {
  const place = await places.one(id);
  const [tombstone] = place
    ? await database.rows<DeletedSession>(SELECT_TOMBSTONE, [place.home, place.sid])
    : [];
  if (!tombstone) throw new StorageError('The session of this operation cannot be read.', false);
  return tombstone;
}
