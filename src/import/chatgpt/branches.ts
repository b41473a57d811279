import type { JsonObject } from '../../model/json.ts';
import { objectIn, textIn } from '../source-json.ts';

/** A node of a conversation's tree. The root has no message. */
export interface Node {
  readonly id: string;
  readonly parent: string | null;
  readonly children: readonly string[];
  readonly message: JsonObject | null;
}

/** A way through the tree, from the root to a leaf. */
export interface Branch {
  /** The first node that only this branch has; null for the live branch. */
  readonly start: string | null;
  /** The branch that this one leaves; null for the live one. */
  readonly from: Branch | null;
  /** The nodes with a message, from the root on. */
  readonly nodes: readonly Node[];
  /** How many of them the other branch has, too. */
  readonly sharedCount: number;
}

/** The nodes of a `mapping`. */
export function nodesOf(mapping: unknown): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>();
  for (const [id, value] of Object.entries(objectIn(mapping) ?? {})) {
    const node = objectIn(value);
    if (!node) continue;
    const children = Array.isArray(node.children) ? node.children : [];
    nodes.set(id, {
      id,
      parent: textIn(node.parent),
      children: children.filter((child) => typeof child === 'string'),
      message: objectIn(node.message),
    });
  }
  return nodes;
}

/**
 * The live branch, which ends at `currentNode`, then all others. Ordered by the tree, not by time: a child can be dated before its parent.
 */
export function branchesOf(nodes: ReadonlyMap<string, Node>, currentNode: string | null): Branch[] {
  const live = pathTo(nodes, currentNode ?? lastLeaf(nodes));
  const branches: Branch[] = [{ start: null, from: null, nodes: live.filter(hasMessage), sharedCount: 0 }];
  const seen = new Set(live.map(({ id }) => id));
  const pending = live.map((node) => ({ node, branch: branches[0]!, path: pathTo(nodes, node.id) }));
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node, branch, path } = next;
    for (const id of node.children) {
      const child = nodes.get(id);
      if (!child || seen.has(id)) continue;
      const own = downFrom(nodes, child, seen);
      const whole = [...path, ...own];
      const shared = path.filter(hasMessage).length;
      const split = { start: id, from: branch, nodes: whole.filter(hasMessage), sharedCount: shared };
      branches.push(split);
      for (const [n, below] of own.entries())
        if (below.children.length > 1)
          pending.push({ node: below, branch: split, path: whole.slice(0, path.length + n + 1) });
    }
  }
  return branches;
}

function hasMessage({ message }: Node): boolean {
  return message !== null;
}

/** From the root to the node. */
function pathTo(nodes: ReadonlyMap<string, Node>, id: string | null): Node[] {
  const path: Node[] = [];
  const seen = new Set<string>();
  for (let at = id; at !== null && !seen.has(at); ) {
    const node = nodes.get(at);
    if (!node) break;
    seen.add(at);
    path.push(node);
    at = node.parent;
  }
  return path.reverse();
}

/** From the node down, along the latest child of each. */
function downFrom(nodes: ReadonlyMap<string, Node>, start: Node, seen: Set<string>): Node[] {
  const path: Node[] = [];
  for (let at: Node | undefined = start; at && !seen.has(at.id); ) {
    seen.add(at.id);
    path.push(at);
    at = nodes.get(at.children.at(-1) ?? '');
  }
  return path;
}

/** The leaf that was added last, if the conversation does not say where it is. */
function lastLeaf(nodes: ReadonlyMap<string, Node>): string | null {
  return [...nodes.values()].findLast(({ children }) => children.length === 0)?.id ?? null;
}
