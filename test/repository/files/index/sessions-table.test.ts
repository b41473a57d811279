import { afterEach, beforeEach, expect, test } from 'vitest';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { atOnce } from '../../../../src/repository/files/index/steps.ts';
import { session } from '../../records/session-state.ts';

let db: IndexDatabase;

beforeEach(() => {
  db = IndexDatabase.inMemory();
});
afterEach(() => db.close());

const placeOf = (id: string) =>
  db.tables.connection.flushed().get('SELECT parent_seq, root_id, depth FROM sessions WHERE id = ?', id);

test('a session takes its place from a parent whose row is pending', () => {
  db.sessions.add(session(1), 0);
  db.sessions.add(session(2, 's1'), 0);
  db.sessions.add(session(3, 's2'), 0);
  expect(placeOf('s1')).toBeUndefined();

  db.flush();
  expect(placeOf('s1')).toEqual({ parent_seq: null, root_id: 's1', depth: 0 });
  expect(placeOf('s3')).toEqual({ parent_seq: 2, root_id: 's1', depth: 2 });
});

test('a session takes its place from a parent that came 60,000 rows before it', () => {
  db.sessions.add(session(1), 0);
  db.sessions.add(session(2, 's1'), 0);
  for (let n = 3; n <= 60_000; n += 1) db.sessions.add(session(n), 0);
  db.sessions.add(session(60_001, 's2'), 0);
  db.flush();
  expect(placeOf('s60001')).toEqual({ parent_seq: 2, root_id: 's1', depth: 2 });
});

test('a session whose parent is not there is a root for now', () => {
  db.sessions.add(session(1, 'gone'), 0);
  db.flush();
  expect(placeOf('s1')).toEqual({ parent_seq: null, root_id: 's1', depth: 0 });
});

test('a number is taken by a session whose row is pending, and by one that came long before', () => {
  const numbers = Array.from({ length: 60_000 }, (_, n) => 2 * n + 2);
  for (const number of numbers) db.sessions.add(session(number), 0);
  for (const taken of [2, 60_000, 119_998, 120_000])
    expect(db.sessions.isTaken(taken), `${taken}`).toBe(true);
  for (const free of [1, 59_999, 119_999, 120_001]) expect(db.sessions.isTaken(free), `${free}`).toBe(false);
});

test('metadata of more than 4 KiB is not read with its row, and never with those of others', () => {
  const short = JSON.stringify({ text: 'ä'.repeat(2_000) });
  const long = JSON.stringify({ text: 'ä'.repeat(2_100) });
  db.sessions.add({ ...session(1), metadata: short }, 0);
  db.sessions.add({ ...session(2), metadata: long }, 0);
  db.flush();
  db.sessions.forget();
  const size = Buffer.byteLength(long);
  expect([1, 2].map((sequence) => db.sessions.rowAt(sequence)?.metadata)).toEqual([short, size]);
  expect(atOnce(db.sessions.rows([1, 2])).map(({ metadata }) => metadata)).toEqual([short, size]);
  expect(['s1', 's2'].map((id) => db.sessions.row(id)?.metadata)).toEqual([short, size]);
  expect(db.sessions.whole(db.sessions.row('s2')!).metadata).toBe(long);
});

test('once the table is full, its rows alone say what there is', () => {
  db.sessions.add(session(1), 0);
  db.complete('store', () => db.tables.relink());
  db.tables.connection.run('DELETE FROM sessions WHERE seq = 1');
  expect(db.sessions.isTaken(1)).toBe(false);
  expect(db.sessions.place('s1')).toBeUndefined();

  db.sessions.add(session(2), 0);
  db.sessions.add(session(3, 's2'), 0);
  expect(placeOf('s3')).toEqual({ parent_seq: 2, root_id: 's2', depth: 1 });
});
