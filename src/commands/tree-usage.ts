import type { SessionTree, TokenUsage } from '@sessiontree/client';
import { addUsage } from '../model/usage.ts';

/** The sessions of a tree down to `depth` levels beneath it, each before its children. A tree may be deeper than calls can nest. */
export function* preOrder(tree: SessionTree, depth = Number.POSITIVE_INFINITY): Generator<SessionTree> {
  const waiting: [session: SessionTree, left: number][] = [[tree, depth]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [session, left] = next;
    yield session;
    if (left === 0) continue;
    for (const child of session.children.toReversed()) waiting.push([child, left - 1]);
  }
}

/** What each session of a whole tree used together with all beneath it, by its id. */
export function treeUsage(tree: SessionTree): ReadonlyMap<string, TokenUsage> {
  const usages = new Map<string, TokenUsage>();
  for (const { id, usage, children } of [...preOrder(tree)].reverse())
    usages.set(
      id,
      children.reduce((sum, child) => addUsage(sum, usages.get(child.id)!), usage),
    );
  return usages;
}
