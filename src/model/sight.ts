import type { Caller } from './caller.ts';

/** The sessions that somebody may see. */
export interface Sight {
  /** Those in trees of this owner, the user of the root; null: in all trees. */
  readonly ownerId: string | null;
  /** Of these only this session and all beneath it; null: all. */
  readonly withinId: string | null;
}

/** The sessions that a caller may see; null for all of the store. */
export function sightOf({ userId, scope, subtreeId }: Caller): Sight | null {
  const ownerId = scope === 'admin' ? null : userId;
  return ownerId === null && subtreeId === null ? null : { ownerId, withinId: subtreeId };
}
