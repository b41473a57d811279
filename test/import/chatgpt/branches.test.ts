import { expect, it } from 'vitest';
import { branchesOf, messagesOf } from '../../../src/import/chatgpt/branches.ts';
import { nodesOf } from '../../../src/import/chatgpt/nodes.ts';
import type { JsonObject } from '../../../src/model/json.ts';

/** A mapping of `id: 'parent'`, or `id: { parent, children }`; each node has a message. */
function mapping(nodes: Record<string, string | null | JsonObject>): unknown {
  return Object.fromEntries(
    Object.entries(nodes).map(([id, node]) => [
      id,
      typeof node === 'object' && node !== null
        ? { message: { id }, ...node }
        : { message: { id }, parent: node, children: [] },
    ]),
  );
}

/** Of each branch: its first own node, and all its messages, those that it shares before a bar. */
function shown(nodes: unknown, currentNode: string | null) {
  return branchesOf(nodesOf(nodes), currentNode).map((branch) => {
    const { nodes: found, sharedCount } = messagesOf(branch);
    const ids = found.map(({ id }) => id);
    return `${branch.start ?? 'live'}: ${ids.slice(0, sharedCount).join(' ')} | ${ids.slice(sharedCount).join(' ')}`;
  });
}

it('takes the last leaf where current_node is missing, or names no node', () => {
  const nodes = mapping({ a: null, b: 'a', c: 'a' });
  for (const current of [null, 'gone', '__proto__'])
    expect(shown(nodes, current)).toEqual(['live:  | a c', 'b: a | b']);
});

it('follows the children of a node in the order in which it lists them', () => {
  const nodes = mapping({ a: { parent: null, children: ['c', 'b'] }, b: 'a', c: 'a', d: 'c' });
  expect(shown(nodes, 'd')).toEqual(['live:  | a c d', 'b: a | b']);
});

it('believes either a parent or its children where they do not say the same', () => {
  const onlyListed = mapping({ a: { parent: null, children: ['b', 'x', 7] }, b: {} });
  expect(shown(onlyListed, 'b')).toEqual(['live:  | a b']);
  const listedTwice = mapping({ a: { children: ['c'] }, b: { parent: 'a', children: ['c'] }, c: 'b' });
  expect(shown(listedTwice, 'c')).toEqual(['live:  | a b c']);
});

it('loses no message of several roots, or of one whose parent is missing', () => {
  const nodes = mapping({ a: null, b: 'a', c: 'gone', d: 'c', e: 'c', f: { message: null } });
  expect(shown(nodes, 'b')).toEqual(['live:  | a b', 'c:  | c e', 'd: c | d']);
});

it('loses no message of a circle', () => {
  const nodes = mapping({ a: null, b: 'c', c: 'b', d: 'c', e: 'e' });
  expect(shown(nodes, 'a')).toEqual(['live:  | a', 'b:  | b c d', 'e:  | e']);
});

it('has one live branch without messages for a mapping without nodes', () => {
  for (const nothing of [{}, null, [], 'x', { a: null, b: 7 }])
    expect(shown(nothing, 'a')).toEqual(['live:  | ']);
});
