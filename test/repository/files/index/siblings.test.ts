import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import type { Direction } from '../../../../src/repository/files/index/siblings.ts';
import { walkTree } from '../../../../src/repository/files/index/tree-walk.ts';
import { IndexWriter } from '../../../../src/repository/files/index/writer.ts';
import { StoreClock } from '../../../../src/repository/runtime/store-clock.ts';
import { temporaryDirectory } from '../../../support/repository.ts';
import { session } from '../../records/session-state.ts';

let index: IndexDatabase;
let writer: IndexWriter;

beforeEach(async () => {
  index = IndexDatabase.create(join(await temporaryDirectory(), 'index.db'));
  onTestFinished(() => index.close());
  writer = new IndexWriter(index, new StoreClock());
});

/** A session `s1`, and the ids of its children. */
function familyOf(children: number): string[] {
  writer.insertSession(session(1), 0);
  for (let n = 0; n < children; n += 1) writer.insertSession(session(n + 2, 's1'), 0);
  index.complete('store', () => writer.relink());
  return Array.from({ length: children }, (_, n) => `s${n + 2}`);
}

function* walk(direction: Direction): Generator<string> {
  const top = index.sessions.row('s1')!;
  for (const { row } of walkTree(index.tables, top, direction, 1, undefined)) yield row.id;
}

const BOTH = ['forward', 'backward'] as const;

it.each(BOTH)('very many children are cached once a walk has read all of them: %s', (direction) => {
  const ids = familyOf(300);
  expect([...walk(direction)]).toEqual(direction === 'forward' ? ids : ids.toReversed());
  expect(index.sessions.cachedChildren('s1')).toEqual(ids);
  for (const again of BOTH) expect([...walk(again)]).toEqual(again === 'forward' ? ids : ids.toReversed());
});

it('children are not cached if a walk ends before the last, or if they are more than 10,000', () => {
  const ids = familyOf(10_001);
  expect([...walk('forward').take(9_000)]).toEqual(ids.slice(0, 9_000));
  expect(index.sessions.cachedChildren('s1')).toBeUndefined();
  expect([...walk('forward')]).toEqual(ids);
  expect(index.sessions.cachedChildren('s1')).toBeUndefined();
});

it.each(['a child came', 'of a change made at pace, on another connection'])(
  'children are not cached if they are no longer those that a walk has read, because %s',
  async (why) => {
    const ids = familyOf(300);
    const slow = walk('forward');
    for (let n = 0; n < 299; n += 1) slow.next();
    if (why === 'a child came') index.transaction(() => writer.insertSession(session(302, 's1'), 0));
    else {
      await index.transactionAtPace(function* (own) {
        own.tables.connection.run("UPDATE sessions SET title = 'after'");
        yield;
      });
    }
    for (const _ of slow);
    expect(index.sessions.cachedChildren('s1')).toBeUndefined();
    const expected = why === 'a child came' ? [...ids, 's302'] : ids;
    expect([...walk('forward')]).toEqual(expected);
    expect(index.sessions.cached('s2')!.title).toBe(why === 'a child came' ? null : 'after');
  },
);

it.each(BOTH)(
  'a walk of cached children goes on in the table where one had to make room: %s',
  (direction) => {
    const ids = familyOf(300);
    for (const _ of walk(direction));
    const found: string[] = [];
    for (const id of walk(direction)) {
      found.push(id);
      if (found.length === 150) index.sessions.forget();
    }
    expect(found).toEqual(direction === 'forward' ? ids : ids.toReversed());
  },
);

it('a walk of cached children sees a child that comes meanwhile', () => {
  const ids = familyOf(300);
  for (const _ of walk('forward'));
  const found: string[] = [];
  for (const id of walk('forward')) {
    found.push(id);
    if (found.length === 150) index.transaction(() => writer.insertSession(session(302, 's1'), 0));
  }
  expect(found).toEqual([...ids, 's302']);
});
