import { type Node, pathTo } from './nodes.ts';

/** A way through the tree, from a root to a leaf. */
export interface Branch {
  /** The first node that only this branch has; null for the live branch. */
  readonly start: string | null;
  /** The branch that this one leaves; the live one if the nodes have another root; null for the live one. */
  readonly from: Branch | null;
  /** The deepest node that the other branch has, too. Null for the live branch, and for one of another root. */
  readonly above: Node | null;
  /** The nodes that only this branch has, with a message or without, from the top down. */
  readonly own: readonly Node[];
}

/**
 * The live branch, which ends at `currentNode`, then all others. Ordered by the tree, not by time: a child can be dated before its parent.
 */
export function branchesOf(nodes: ReadonlyMap<string, Node>, currentNode: string | null): Branch[] {
  const leaf = nodes.get(currentNode ?? '') ?? lastLeaf(nodes);
  const live: Branch = { start: null, from: null, above: null, own: leaf ? pathTo(leaf) : [] };
  const branches = [live];
  const seen = new Set(live.own);
  const pending: Branch[] = [];
  const add = (branch: Branch) => {
    branches.push(branch);
    pending.push(branch);
    for (const node of branch.own) seen.add(node);
  };
  /** The branches that leave `pending`, and those that leave them. */
  const walk = () => {
    for (let from = pending.pop(); from; from = pending.pop())
      for (const above of from.own)
        for (const child of above.children)
          if (!seen.has(child)) add({ start: child.id, from, above, own: downFrom(child) });
  };
  pending.push(live);
  walk();
  for (const root of nodes.values()) {
    if (root.parent || seen.has(root)) continue;
    add({ start: root.id, from: live, above: null, own: downFrom(root) });
    walk();
  }
  const left = new Set(branches.map(({ from }) => from));
  return branches.filter((branch) => branch === live || left.has(branch) || branch.own.some(hasMessage));
}

/** The nodes of a branch that have a message, and how many of them the other branch has, too. */
export function messagesOf({ above, own }: Branch): { nodes: readonly Node[]; sharedCount: number } {
  const shared = above ? pathTo(above).filter(hasMessage) : [];
  return { nodes: [...shared, ...own.filter(hasMessage)], sharedCount: shared.length };
}

/** The last message that a branch has in common with the other; null if there is none. */
export function lastShared({ above }: Branch): Node | null {
  let node = above;
  while (node && !hasMessage(node)) node = node.parent;
  return node;
}

export function hasMessage({ message }: Node): boolean {
  return message !== null;
}

/** The nodes from one down, along the latest child of each. */
function downFrom(start: Node): Node[] {
  const path: Node[] = [];
  for (let at: Node | undefined = start; at; at = at.children.at(-1)) path.push(at);
  return path;
}

/** The leaf that was added last, if the conversation does not say where it is. */
function lastLeaf(nodes: ReadonlyMap<string, Node>): Node | null {
  return [...nodes.values()].findLast(({ children }) => children.length === 0) ?? null;
}
