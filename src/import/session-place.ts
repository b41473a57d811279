import { pathOf, type SourceSession } from './format.ts';
import type { ImportState } from './import-state.ts';
import type { ImporterParts } from './importer-parts.ts';
import { idOf, parentKeyOf } from './order.ts';
import type { StoredSession } from './target/target.ts';

type Parts = Pick<ImporterParts, 'stored' | 'surveyed'>;

/** The id of the parent, which the store has; null for a root. `flaw`: why the source's parent cannot be the parent. */
export function placeOf(
  source: SourceSession,
  known: StoredSession | null,
  state: ImportState | null,
  parts: Parts,
): { readonly parentId: string | null; readonly flaw: string | null } {
  // What the program has deleted stays the parent of what is beneath it.
  if (state && isGone(state.parentId, parts) && known?.parentId === state.parentId)
    return { parentId: state.parentId, flaw: null };
  if (state && source.isPartlyKnown) return { parentId: state.parentId, flaw: null };
  const id = idOf(source.key);
  const key = parentKeyOf(source);
  if (key === null || idOf(key) === id) return { parentId: null, flaw: null };
  const isThere = parts.stored.has(idOf(key));
  if (isThere && !isBeneath(idOf(key), id, parts)) return { parentId: idOf(key), flaw: null };
  const why = isThere ? 'is beneath it' : 'is neither there nor in the store';
  const flaw = `${pathOf(source)}: the parent "${key}" of session "${source.key}" ${why}: imported as a root`;
  return { parentId: null, flaw };
}

/** True of the id of a session that is not in the sources: its program has deleted it, or it is elsewhere. */
export function isGone(id: string | null | undefined, { surveyed }: Pick<Parts, 'surveyed'>): boolean {
  return id != null && !surveyed.has(id);
}

/** True if the session `id` is beneath `above`, as far as the store says. */
function isBeneath(id: string, above: string, { stored }: Parts): boolean {
  const passed = new Set<string>();
  for (let at: string | null = id; at !== null && !passed.has(at); ) {
    passed.add(at);
    at = stored.get(at)?.parentId ?? null;
    if (at === above) return true;
  }
  return false;
}
