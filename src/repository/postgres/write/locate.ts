import { SessionNotFoundError } from '../../../model/errors.ts';
import type { Place, Places } from '../rows/places.ts';
import type { TreeKey } from './tree-rows.ts';
import type { Trees } from './trees.ts';

interface LocateParts {
  readonly places: Places;
  readonly trees: Trees;
}

interface Located {
  readonly place: Place;
  /** Of the tree that the session was last seen in. */
  readonly key: TreeKey;
}

/**
 * Where the session `id` and its tree are. A promise only if that is not remembered: mutations are applied in the order of their calls,
 * which an `await` of what is known could change. Rejects with a SessionNotFoundError.
 */
export function locate(parts: LocateParts, id: string): Located | Promise<Located> {
  const place = parts.places.known(id);
  const key = place && parts.trees.seen(place);
  return key ? { place, key } : lookUp(parts, id);
}

async function lookUp({ places, trees }: LocateParts, id: string): Promise<Located> {
  const place = await places.one(id);
  const key = place && (await trees.treeOf(place));
  if (!key) throw new SessionNotFoundError(id);
  return { place, key };
}
