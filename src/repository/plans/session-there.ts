import { type IdHolder, SessionExistsError } from '../../model/errors.ts';
import type { Session } from '../../model/session.ts';
import type { CreateSession } from '../mutations.ts';

/**
 * The session that is there for an input with its id or its key; null if there is none. `taken`: what has the id, if not
 * the session. Throws a SessionExistsError if the session that is there is not the one that the input describes.
 */
export function sessionThere<Row extends Pick<Session, 'id' | 'parentId'>>(
  input: CreateSession,
  byId: Row | undefined,
  byKey: Row | null,
  taken: IdHolder | null,
): Row | null {
  const { id = null, key = null } = input;
  if (id !== null && key !== null && byKey && byId && byId.id !== byKey.id)
    throw SessionExistsError.two(id, key, byKey.id);
  if (id !== null && !byId && taken !== null) throw SessionExistsError.id(id, taken);
  const found = byId ?? byKey;
  if (found && found.parentId !== (input.parentId ?? null))
    throw SessionExistsError.elsewhere(found, byId ? null : key);
  return found;
}
