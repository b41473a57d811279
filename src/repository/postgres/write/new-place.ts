import type { SessionRow } from '../rows/session-row.ts';
import { ownerColumn } from '../rows/session-row.ts';
import { childPlace, rootPlace } from './creations.ts';
import type { LockedTree } from './tree-rows.ts';
import type { Surroundings } from './tree-work.ts';
import type { TreeTransaction } from './trees.ts';

const COUNT_CHILD = `UPDATE sessions SET next_child = next_child + 1, child_count = child_count + 1
  WHERE home = $1::int8 AND sid = $2::int8`;

/** Where a session that is not there yet will stand. */
export interface NewPlace {
  /** As `ownerColumn` writes it. */
  readonly owner: string;
  /** The place for the session with this number, and its tree. Counts the child of the parent, or adds the tree: call it once. */
  readonly at: (sid: number) => { readonly place: Surroundings; readonly tree: LockedTree };
}

/** The place of a new session `id`: the last child of `parent`, or, if that is null, a root of this user. */
export function newPlace(
  { queries, treeOf, addTree }: TreeTransaction,
  parent: SessionRow | null,
  id: string,
  userId: string | null,
): NewPlace {
  if (parent) {
    const tree = treeOf(parent);
    return {
      owner: tree.owner,
      at: (sid) => {
        queries.send(COUNT_CHILD, [parent.home, parent.sid]);
        return { place: childPlace(tree, parent, sid), tree };
      },
    };
  }
  const owner = ownerColumn(userId);
  return {
    owner,
    at: (sid) => {
      const tree: LockedTree = {
        home: sid,
        root: sid,
        id,
        owner,
        number: 0,
        at: 0,
        homes: [sid],
        last_active_at: 0,
      };
      addTree(tree);
      return { place: rootPlace(tree), tree };
    },
  };
}
