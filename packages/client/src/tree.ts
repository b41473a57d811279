import { TREE } from './generated/operations.ts';
import type { Session } from './generated/types.ts';
import type { DataOf } from './operation.ts';
import { nextCursorOf } from './pages.ts';
import type { RequestOptions, Transport } from './transport.ts';

/** A session with its children, and theirs, in order. */
export type SessionTree = Session & { readonly children: SessionTree[] };

/** How much of a tree is read. */
export interface TreeOptions {
  /** Levels beneath the session. Default: all. */
  readonly maxDepth?: number;
  /** Sessions per request. Default: 1,000. */
  readonly pageSize?: number;
}

/** A session with all beneath it; null if there is none. */
export async function readTree(
  transport: Transport,
  id: string,
  { maxDepth, pageSize: first = 1_000 }: TreeOptions,
  options?: RequestOptions,
): Promise<SessionTree | null> {
  let tree: SessionTree | null = null;
  let after: string | null = null;
  const trees = new Map<string, SessionTree>();
  do {
    const { session }: DataOf<typeof TREE> = await transport.data(
      TREE,
      { id, maxDepth, first, after },
      options,
    );
    if (session === null) break;
    const { descendants, ...root } = session;
    tree ??= { ...root, children: [] };
    for (const node of descendants.nodes) {
      // A session that moved between two pages is on both: the later one counts, in its place.
      trees.delete(node.id);
      trees.set(node.id, { ...node, children: [] });
    }
    after = nextCursorOf(descendants.pageInfo);
  } while (after !== null);
  const beneath = [...trees.values()];
  if (tree) trees.set(id, tree);
  // Children of a parent that was deleted meanwhile are left out with it.
  for (const one of beneath) trees.get(one.parentId!)?.children.push(one);
  return tree;
}
