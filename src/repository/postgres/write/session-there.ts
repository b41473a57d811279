import type { Queries } from '../connection/queries.ts';
import { sessionRows } from '../read/session-rows.ts';
import type { Place, Places } from '../rows/places.ts';
import { ownerColumn, type ReadSessionRow } from '../rows/session-row.ts';

const SELECT_KEY_HOLDER = 'SELECT id, home, sid FROM session_keys WHERE owner = $1::text AND key = $2::text';

/** The session that has a key; `owner` as `ownerColumn` writes it. */
export async function keyHolder(
  queries: Queries,
  owner: string,
  key: string,
): Promise<(Place & { readonly id: string }) | null> {
  const [holder] = await queries.rows<Place & { readonly id: string }>(SELECT_KEY_HOLDER, [owner, key]);
  return holder ?? null;
}

/** The row of a session; null if it is not there. */
export async function rowOfId(queries: Queries, places: Places, id: string): Promise<ReadSessionRow | null> {
  const place = await places.one(id);
  return (place && (await sessionRows(queries, [place])).get(place.sid)) ?? null;
}

/** The row of the session with a key among those of an owner; null if there is none. */
export async function rowOfKey(
  queries: Queries,
  key: string,
  ownerId: string | null,
): Promise<ReadSessionRow | null> {
  const holder = await keyHolder(queries, ownerColumn(ownerId), key);
  return (holder && (await sessionRows(queries, [holder])).get(holder.sid)) ?? null;
}
