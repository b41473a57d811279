import { DESCENDANTS, TREE } from './generated/operations.ts';
import type { Connection, Session } from './generated/types.ts';
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

const PAGE_SIZE = 1_000;

/** A session with all beneath it; null if there is none. */
export async function readTree(
  transport: Transport,
  id: string,
  { maxDepth, pageSize: first = PAGE_SIZE }: TreeOptions,
  options?: RequestOptions,
): Promise<SessionTree | null> {
  const { session } = await transport.query(TREE, { id, maxDepth, first }, options);
  if (session === null) return null;
  const { descendants, ...root } = session;
  // A session that moved between two pages is on both: the later one counts.
  const sessions = new Map<string, Session>();
  let page: Connection<Session> | undefined = descendants;
  while (page) {
    for (const node of page.nodes) {
      sessions.delete(node.id);
      sessions.set(node.id, node);
    }
    const { hasNextPage, endCursor: after }: { hasNextPage: boolean; endCursor: string | null } =
      page.pageInfo;
    if (!hasNextPage) break;
    page = (await transport.query(DESCENDANTS, { id, maxDepth, first, after }, options)).session?.descendants;
  }
  return nested(root, sessions.values());
}

/** Children of a parent that was deleted meanwhile are left out with it. */
function nested(root: Session, sessions: Iterable<Session>): SessionTree {
  const trees = new Map<string, SessionTree>([[root.id, { ...root, children: [] }]]);
  const beneath = [...sessions].map((session): SessionTree => ({ ...session, children: [] }));
  for (const tree of beneath) trees.set(tree.id, tree);
  for (const tree of beneath) trees.get(tree.parentId!)?.children.push(tree);
  return trees.get(root.id)!;
}
