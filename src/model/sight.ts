import { type Caller, mayUse } from './caller.ts';

/** The sessions that somebody may see. */
export interface Sight {
  /** Those in trees of this owner, the user of the root; null: in trees of nobody. Left out: in all trees. */
  readonly ownerId?: string | null | undefined;
  /** Of these only this session and all beneath it; null: all. */
  readonly withinId: string | null;
}

/** The sessions that a caller may see; null for all of the store. */
export function sightOf(caller: Caller): Sight | null {
  const { userId, subtreeId } = caller;
  if (mayUse(caller, 'admin')) return subtreeId === null ? null : { withinId: subtreeId };
  return { ownerId: userId, withinId: subtreeId };
}
