import type { Session } from '@sessiontree/client';
import { expect, test } from 'vitest';
import { placesIn } from '../../src/explorer/doing/places-in.ts';
import type { TreeRowFragment } from '../../src/explorer/generated/operations.ts';
import { TreeRows } from '../../src/explorer/tree/tree-rows.ts';

const NO_USAGE = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, costUsd: null };

const row = (
  id: string,
  parentId: string | null,
  depth: number,
  more: Partial<TreeRowFragment> = {},
): TreeRowFragment => ({
  id,
  parentId,
  depth,
  title: `Title of ${id}`,
  agentName: null,
  status: 'IDLE',
  statusMessage: null,
  archivedAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  lastActiveAt: '2026-01-01T00:00:00.000Z',
  messageCount: 0,
  historyLength: 0,
  version: 1,
  forkedFrom: null,
  usage: NO_USAGE,
  ...more,
});

/** a: b: c, d */
function treeOfFour(): TreeRows {
  const rows = new TreeRows();
  rows.set([row('a', null, 0), row('b', 'a', 1), row('c', 'b', 2), row('d', 'a', 1, { agentName: 'Coder' })]);
  return rows;
}

const shapeOf = (rows: TreeRows) => rows.sessions.map(({ id, depth }) => `${depth}${id}`).join(' ');
const now = (changed: TreeRowFragment) => changed as unknown as Session;

test('a session that moves takes along what is beneath it', () => {
  const rows = treeOfFour();
  rows.apply({ kind: 'MOVED', sessionId: 'b', session: now(row('b', 'd', 2, { version: 2 })) });
  expect(shapeOf(rows)).toBe('0a 1d 2b 3c');
});

test('the session from which the tree is shown takes all of it along', () => {
  const rows = treeOfFour();
  rows.apply({ kind: 'MOVED', sessionId: 'a', session: now(row('a', 'z', 3, { version: 2 })) });
  expect(shapeOf(rows)).toBe('3a 4b 5c 4d');
});

test.each(['MOVED', 'ENTERED'] as const)(
  'a session that came by %s must be read with what is beneath it',
  (kind) => {
    const rows = treeOfFour();
    expect(rows.apply({ kind, sessionId: 'e', session: now(row('e', 'a', 1)) })).toBe(false);
    expect(shapeOf(rows)).toBe('0a 1b 2c 1d');
  },
);

test('a fork that is new has its mark', () => {
  const rows = treeOfFour();
  const forkedFrom = { sessionId: 'b', messageId: 'b:2', historyLength: 3 };
  rows.apply({ kind: 'CREATED', sessionId: 'e', session: now(row('e', 'b', 2, { forkedFrom })) });
  expect(rows.find('e')?.forkedFrom?.historyLength).toBe(3);
});

test('what a mutation is about to change is shown in the sessions that it concerns', () => {
  const rows = treeOfFour();
  const ids = rows.subtreeOf('b').map(({ id }) => id);
  rows.patch(ids, { archivedAt: '2026-01-02T00:00:00.000Z' });
  expect(rows.shown.filter(({ session }) => session.archivedAt).map(({ session }) => session.id)).toEqual([
    'b',
    'c',
  ]);
});

const places = (sessionId: string, filter = '') =>
  placesIn({ rows: treeOfFour(), firstWordsOf: () => null }, sessionId, filter).map(
    ({ parentId }) => parentId,
  );

test('a session can be moved out of the tree, and under all but itself, what is beneath it, and its parent', () => {
  expect(places('b')).toEqual([null, 'd']);
  expect(places('c')).toEqual([null, 'a', 'd']);
});

test('a tree is a tree of its own already', () => {
  expect(places('a')).toEqual([]);
});

test('a filter finds by title and by agent', () => {
  expect(places('c', 'coder TITLE')).toEqual(['d']);
  expect(places('c', 'coder of a')).toEqual([]);
});
