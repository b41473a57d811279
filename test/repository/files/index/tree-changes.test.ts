import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { TreeRecord } from '../../../../src/repository/files/format/store-record.ts';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { TreeChangeWriter } from '../../../../src/repository/files/index/tree-change-writer.ts';
import { placed } from '../../../../src/repository/files/index/tree-changes.ts';
import { IndexWriter } from '../../../../src/repository/files/index/writer.ts';
import { StoreClock } from '../../../../src/repository/runtime/store-clock.ts';
import { session } from '../../records/session-state.ts';

const AT = '2026-01-01T00:00:00.000Z';

const archival = (seq: number, version: number, op: 'archive' | 'unarchive' = 'archive'): TreeRecord => ({
  seq,
  at: AT,
  op,
  id: 's2',
  sessions: [{ id: 's2', version }],
});

const move = (
  seq: number,
  version: number,
  parentId: string | undefined,
  formerParentId?: string,
): TreeRecord => ({
  seq,
  at: AT,
  op: 'move',
  id: 's2',
  version,
  parentId,
  formerParentId,
});

let db: IndexDatabase;
let writer: TreeChangeWriter;

/** An index with the sessions `s1` and `s2`. */
beforeEach(() => {
  db = IndexDatabase.inMemory();
  onTestFinished(() => db.close());
  const sessions = new IndexWriter(db, new StoreClock());
  for (const seq of [1, 2]) sessions.insertSession(session(seq), 0);
  db.complete('store', () => sessions.relink());
  writer = new TreeChangeWriter(db, new StoreClock());
});

const apply = (...records: readonly TreeRecord[]) =>
  db.transaction(() => {
    for (const record of records) writer.apply(record);
  });

test('a change of a session costs the same however many came before: they are not read again', () => {
  apply(move(3, 2, 's1'));
  // An earlier change that the row does not show, as a read would.
  db.treeChanges.add(4, 0, {
    id: 's2',
    version: 3,
    moved: 1,
    parentId: null,
    formerParentId: 's1',
    arrival: 4,
    archivedAt: null,
    at: 0,
  });
  apply(archival(5, 4));
  expect(db.sessions.row('s2')).toMatchObject({ parentId: 's1', archivedAt: Date.parse(AT), version: 4 });
});

test('a log that is applied again, as at each start, writes nothing', () => {
  const log = [move(3, 2, 's1'), archival(4, 3), move(5, 4, undefined), archival(6, 5, 'unarchive')];
  apply(...log);
  const state = { parentId: null, arrival: 5, archivedAt: null, version: 5 };
  expect(db.sessions.row('s2')).toMatchObject(state);
  const written = () => db.tables.connection.flushed().get('SELECT total_changes() AS n');
  const before = written();
  apply(...log);
  expect(written()).toEqual(before);
  expect(db.sessions.row('s2')).toMatchObject(state);
});

test('a change that is restored later than its successors does not undo them', () => {
  apply(archival(6, 5));
  apply(move(3, 2, 's1'), move(4, 3, undefined), archival(5, 4, 'unarchive'), archival(6, 5));
  expect(db.sessions.row('s2')).toMatchObject({ arrival: 4, archivedAt: Date.parse(AT), version: 5 });
});

test('a session can have very many changes', () => {
  const changes = Array.from({ length: 500_000 }, (_, n) => ({
    id: 's2',
    version: n + 2,
    moved: 0 as const,
    parentId: null,
    formerParentId: null,
    arrival: null,
    archivedAt: n,
    at: n,
  }));
  expect(placed(session(2), changes)).toMatchObject({
    version: 500_001,
    archivedAt: 499_999,
    updatedAt: 499_999,
  });
});

test('the parent before a move is kept; null for a root, and where an earlier writer left it out', () => {
  apply(move(3, 2, 's1'), move(4, 3, 's1', 's1'), archival(5, 4));
  expect([3, 4, 5].map((seq) => db.treeChanges.formerParent('s2', seq))).toEqual([null, 's1', null]);
});
