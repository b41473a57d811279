import { nameOf } from '../parts/format.ts';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';

/** What a session of a tree is called. */
export function nameIn(tree: OpenTree, sessionId: string): string {
  return visible(nameOf(tree.rows.find(sessionId)?.title, tree.firstWordsOf(sessionId)));
}
