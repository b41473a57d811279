import type { SessionFilter } from '../../../model/session.ts';
import type { Sight } from '../../../model/sight.ts';
import type { SessionRow } from './session-row.ts';
import type { Steps } from './steps.ts';
import type { IndexTables } from './tables.ts';

/** The user of the root of the tree that the session is in, or was in when it was deleted. */
export function ownerOf({ sessions }: IndexTables, { id, rootId, userId }: SessionRow): string | null {
  return rootId === id ? userId : (sessions.row(rootId)?.userId ?? null);
}

/** True if the session is in sight; of a deleted session, if it was when it was deleted. */
export function* seesSession(tables: IndexTables, id: string, { ownerId, withinId }: Sight): Steps<boolean> {
  const { sessions, tombstones } = tables;
  const row = sessions.row(id);
  if (!row && !tombstones.get(id)) return false;
  if (ownerId !== undefined) {
    const owner = row ? ownerOf(tables, row) : tombstones.get(id)?.ownerId;
    if (owner !== ownerId) return false;
  }
  if (withinId === null) return true;
  const seen = new Set<string>();
  for (let at: string | null | undefined = id; at != null && !seen.has(at); ) {
    if (at === withinId) return true;
    // Copied files can be their own ancestors.
    seen.add(at);
    at = (sessions.row(at) ?? tombstones.get(at))?.parentId;
    yield 1;
  }
  return false;
}

/**
 * The same filter in terms of the whole store, for a sight that ends at a session: to the filter, that session is a root, and nothing is
 * above it. Null if no session can match.
 */
export function* filterWithin(tables: IndexTables, filter: SessionFilter): Steps<SessionFilter | null> {
  const { sight, rootId, parentId } = filter;
  const withinId = sight?.withinId ?? null;
  if (!sight || withinId === null) return filter;
  const top = tables.sessions.row(withinId);
  if (!top || (sight.ownerId !== undefined && ownerOf(tables, top) !== sight.ownerId)) return null;
  if (rootId != null && rootId !== withinId) return null;
  if (parentId != null && !(yield* seesSession(tables, parentId, sight))) return null;
  return { ...filter, rootId: top.rootId };
}
