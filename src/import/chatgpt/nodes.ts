import type { JsonObject } from '../../model/json.ts';
import { objectIn, without } from '../source-json.ts';

/** A node of a conversation's tree. A root has no message, as a rule. */
export interface Node {
  readonly id: string;
  readonly parent: Node | null;
  /** The latest is the last. */
  readonly children: readonly Node[];
  readonly message: JsonObject | null;
  /** What else is in the node. */
  readonly rest: JsonObject;
}

interface MutableNode extends Node {
  parent: MutableNode | null;
  children: MutableNode[];
}

/** The nodes of a `mapping`, in its order, as one tree or several: a node without a parent there is a root, and so is one of each circle. */
export function nodesOf(mapping: unknown): ReadonlyMap<string, Node> {
  const members = Object.entries(objectIn(mapping) ?? {}).flatMap(([id, value]) => {
    const member = objectIn(value);
    return member ? [{ id, member }] : [];
  });
  const nodes = new Map<string, MutableNode>(
    members.map(({ id, member }) => [
      id,
      {
        id,
        parent: null,
        children: [],
        message: objectIn(member.message),
        rest: without(member, ['id', 'parent', 'children', 'message']),
      },
    ]),
  );
  const parentIds = new Map<string, string>();
  const place = (id: string, parentId: unknown) => {
    if (typeof parentId === 'string' && nodes.has(parentId) && parentId !== id && !parentIds.has(id))
      parentIds.set(id, parentId);
  };
  for (const { id, member } of members) place(id, member.parent);
  const listed = members.flatMap(({ id, member }) =>
    (Array.isArray(member.children) ? member.children : [])
      .filter((child) => typeof child === 'string' && nodes.has(child))
      .map((child) => ({ id, child: String(child) })),
  );
  for (const { id, child } of listed) place(child, id);
  // In the order in which the parent lists them; then those that it does not list.
  const inOrder = listed.filter(({ id, child }) => parentIds.get(child) === id).map(({ child }) => child);
  for (const id of new Set([...inOrder, ...parentIds.keys()])) {
    const [node, parent] = [nodes.get(id)!, nodes.get(parentIds.get(id)!)!];
    node.parent = parent;
    parent.children.push(node);
  }
  cutCircles(nodes);
  return nodes;
}

/** Makes a root of one node of each circle. */
function cutCircles(nodes: ReadonlyMap<string, MutableNode>): void {
  const seen = new Set<MutableNode>();
  const visit = (root: MutableNode) => {
    const pending = [root];
    for (let node = pending.pop(); node; node = pending.pop()) {
      seen.add(node);
      pending.push(...node.children);
    }
  };
  for (const node of nodes.values()) if (!node.parent) visit(node);
  for (const node of nodes.values()) {
    if (seen.has(node)) continue;
    const { parent } = node;
    parent!.children = parent!.children.filter((child) => child !== node);
    node.parent = null;
    visit(node);
  }
}

/** From the root to the node. */
export function pathTo(node: Node): Node[] {
  const path: Node[] = [];
  for (let at: Node | null = node; at; at = at.parent) path.push(at);
  return path.reverse();
}
