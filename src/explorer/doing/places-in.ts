import { nameOf } from '../parts/format.ts';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';

/** A place to which a session can be moved. */
export interface Place {
  /** The new parent; null for a tree of its own. */
  readonly parentId: string | null;
  readonly name: string;
  readonly agentName: string | null;
  /** How far it is indented. */
  readonly level: number;
}

/** The sessions of a tree under which a session can be moved, and that have all words of a filter in their names or agents. */
export function placesIn(
  tree: Pick<OpenTree, 'rows' | 'firstWordsOf'>,
  sessionId: string,
  filter: string,
): Place[] {
  const session = tree.rows.find(sessionId);
  const beneath = new Set(tree.rows.subtreeOf(sessionId).map(({ id }) => id));
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const top = tree.rows.root?.depth ?? 0;
  const places: Place[] = tree.rows.sessions
    .filter(({ id }) => !beneath.has(id) && id !== session?.parentId)
    .map(({ id, title, agentName, depth }) => ({
      parentId: id,
      name: visible(nameOf(title, tree.firstWordsOf(id))),
      agentName: agentName && visible(agentName),
      // Those that a filter finds stand alone.
      level: words.length > 0 ? 0 : depth - top,
    }))
    .filter(({ name, agentName }) =>
      words.every((word) => `${name} ${agentName ?? ''}`.toLowerCase().includes(word)),
    );
  return session?.parentId == null || words.length > 0 ? places : [OWN_TREE, ...places];
}

const OWN_TREE: Place = { parentId: null, name: 'Make it a tree of its own', agentName: null, level: 0 };
