import type { Session, SessionChange, SessionChangeKind } from '@sessiontree/client';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TreeRowFragment } from '../../src/explorer/generated/operations.ts';
import { TreeRows } from '../../src/explorer/tree/tree-rows.ts';

/** A tree that knows its children, from which the rows must follow. */
interface Node {
  readonly id: string;
  parent: Node | null;
  children: Node[];
  version: number;
  status: 'IDLE' | 'RUNNING';
  cost: number | null;
}

const depthOf = (node: Node): number => (node.parent ? depthOf(node.parent) + 1 : 3);
const inPreOrder = (node: Node): Node[] => [node, ...node.children.flatMap(inPreOrder)];

function sessionOf(node: Node): Session {
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, costUsd: node.cost };
  return {
    ...({
      id: node.id,
      parentId: node.parent?.id ?? 'above',
      rootId: 'top',
      depth: depthOf(node),
    } as Session),
    ...({
      title: node.id,
      status: node.status,
      version: node.version,
      childCount: node.children.length,
    } as object),
    ...({ messageCount: 1, historyLength: 2, usage } as object),
  };
}

const change = (kind: SessionChangeKind, node: Node, isGone = false): SessionChange => ({
  kind,
  sessionId: node.id,
  session: isGone ? null : sessionOf(node),
  formerParentId: null,
  fromPosition: null,
  messages: [],
});

/** Does one random thing to the tree, and tells of it as the server would. */
function act(
  root: Node,
  [what, which, where]: readonly [number, number, number],
  n: number,
): SessionChange | null {
  const nodes = inPreOrder(root);
  const node = nodes[which % nodes.length]!;
  const target = nodes[where % nodes.length]!;
  node.version += 1;
  if (what === 0) {
    const child: Node = {
      id: `n${n}`,
      parent: node,
      children: [],
      version: 1,
      status: 'IDLE',
      cost: n % 3 ? n : null,
    };
    node.children.push(child);
    return change('CREATED', child);
  }
  if (what === 1) {
    node.status = node.status === 'IDLE' ? 'RUNNING' : 'IDLE';
    return change('UPDATED', node);
  }
  if (node === root) return null;
  const leave = () => {
    node.parent!.children = node.parent!.children.filter((child) => child !== node);
  };
  if (what === 2) {
    if (inPreOrder(node).includes(target)) return null;
    leave();
    node.parent = target;
    target.children.push(node);
    return change('MOVED', node);
  }
  leave();
  return what === 3 ? change('LEFT', node) : change('DELETED', node, true);
}

test('rows are those of the tree, whatever happens to its sessions, and however often they are told of it', () => {
  const steps = fc.array(fc.tuple(fc.nat(4), fc.nat(50), fc.nat(50)), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (all) => {
      const root: Node = { id: 'root', parent: null, children: [], version: 1, status: 'IDLE', cost: 1 };
      const rows = new TreeRows();
      rows.set([{ ...(sessionOf(root) as unknown as TreeRowFragment), forkedFrom: null }]);
      for (const [n, step] of all.entries()) {
        const happened = act(root, step, n);
        if (!happened) continue;
        expect(rows.apply(happened)).toBe(true);
        if (happened.kind !== 'CREATED' || n % 2) rows.apply(happened);
        const expected = inPreOrder(root);
        expect(rows.sessions.map(({ id, depth, parentId }) => [id, depth, parentId])).toEqual(
          expected.map((node) => [node.id, depthOf(node), node.parent?.id ?? 'above']),
        );
        const costs = expected.flatMap(({ cost }) => cost ?? []);
        expect(rows.sumsOf('root')).toMatchObject({
          sessions: expected.length,
          messages: 2 * expected.length,
          running: expected.filter(({ status }) => status === 'RUNNING').length,
          costUsd: costs.reduce((a, b) => a + b, 0),
        });
        rows.openAll('root', true);
        expect(rows.shown.map(({ session }) => session.id)).toEqual(expected.map(({ id }) => id));
      }
    }),
    { numRuns: 100 },
  );
});

test('what is beneath a closed session is not shown, and places among siblings are counted', () => {
  const root: Node = { id: 'root', parent: null, children: [], version: 1, status: 'IDLE', cost: null };
  for (let n = 0; n < 3; n += 1) {
    const child: Node = { ...root, id: `c${n}`, parent: root, children: [] };
    root.children.push(child);
    child.children.push({ ...root, id: `g${n}`, parent: child, children: [] });
  }
  const rows = new TreeRows();
  rows.set(
    inPreOrder(root).map((node) => ({
      ...(sessionOf(node) as unknown as TreeRowFragment),
      forkedFrom: null,
    })),
  );
  rows.open('c1', false);
  expect(
    rows.shown.map(({ session, level, setSize, positionInSet, hasChildren }) => [
      session.id,
      level,
      `${positionInSet}/${setSize}`,
      hasChildren,
    ]),
  ).toEqual([
    ['root', 0, '1/1', true],
    ['c0', 1, '1/3', true],
    ['g0', 2, '1/1', false],
    ['c1', 1, '2/3', true],
    ['c2', 1, '3/3', true],
    ['g2', 2, '1/1', false],
  ]);
  rows.reveal('g1');
  expect(rows.shown).toHaveLength(7);
  expect(rows.ancestorsOf('g1').map(({ id }) => id)).toEqual(['root', 'c1']);
});
