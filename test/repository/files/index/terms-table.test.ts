import { expect, test } from 'vitest';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { TOO_MANY } from '../../../../src/repository/files/index/metadata-terms.ts';
import { WaitingTerms } from '../../../../src/repository/files/index/waiting-terms.ts';

const HIGHEST_TERM = 2 ** 32 - 1;

test('pending terms come out by term, each with the number of its session', () => {
  const waiting = new WaitingTerms();
  const expected: [number, number][] = [];
  for (let n = 0; n < 3_000; n += 1) {
    const seq = n === 5 ? Number.MAX_SAFE_INTEGER : 10 * n + 1;
    const terms = n === 7 ? [TOO_MANY] : [HIGHEST_TERM - n, 0, (n * 2_654_435_761) % 2 ** 32];
    waiting.add(seq, terms);
    for (const term of terms) expected.push([term, seq]);
  }
  // The sort is stable: pairs of the same term stay in order of arrival.
  expected.sort(([a], [b]) => a - b);
  const batches = [...waiting.takeInOrder(64)];
  expect(batches.slice(0, -1).every(({ length }) => length === 2 * 64)).toBe(true);
  expect(batches.flat()).toEqual(expected.flat());
  expect([...waiting.takeInOrder(64)]).toEqual([]);
});

test('pending terms have room for 2^21 sessions, and for as many again once they were taken', () => {
  const waiting = new WaitingTerms();
  for (let seq = 1; seq <= 2 ** 21; seq += 1) waiting.add(seq, seq === 2 ** 21 ? [HIGHEST_TERM] : []);
  expect(waiting.isFull(1)).toBe(true);
  expect([...waiting.takeInOrder(64)]).toEqual([[HIGHEST_TERM, 2 ** 21]]);
  expect(waiting.isFull(1)).toBe(false);
});

test('pending terms are full where their memory is', () => {
  const waiting = new WaitingTerms();
  const terms = Array.from({ length: 2 ** 16 }, (_, n) => n);
  for (let seq = 1; seq <= 2 ** 7; seq += 1) waiting.add(seq, terms);
  expect(waiting.isFull(0)).toBe(false);
  expect(waiting.isFull(1)).toBe(true);
});

test('an index that is being filled has the terms of all sessions, those too that came when others were written already', () => {
  const db = IndexDatabase.inMemory();
  try {
    db.tables.terms.add(1, [7, TOO_MANY]);
    db.tables.terms.add(2, [3, 7]);
    db.flush();
    db.tables.terms.add(3, [3]);
    db.tables.terms.add(4, []);
    db.complete('a store', () => {});
    db.tables.terms.add(5, [3, 9]);
    expect(
      db.tables.connection
        .flushed()
        .all<object>('SELECT term, seq FROM metadata_terms')
        .map((row) => Object.values(row)),
    ).toEqual([
      [TOO_MANY, 1],
      [3, 2],
      [3, 3],
      [3, 5],
      [7, 1],
      [7, 2],
      [9, 5],
    ]);
  } finally {
    db.close();
  }
});
