import { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, test } from 'vitest';
import { Statements } from '../../../../src/repository/files/index/statements.ts';
import { RANKINGS_TABLE, Rankings } from '../../../../src/repository/files/search/rankings.ts';

let database: DatabaseSync;
let rankings: Rankings;

const open = () => new Rankings(new Statements(database));
const ranking = (count: number, ordinal = 0) => ({
  hits: Array.from({ length: count }, (_, session) => ({ session, ordinal })),
  isComplete: true,
});

beforeEach(() => {
  database = new DatabaseSync(':memory:');
  database.exec(RANKINGS_TABLE);
  rankings = open();
});

test('a ranking is given back as it was kept', () => {
  const hits = [
    { session: 2 ** 40, ordinal: 3 },
    { session: 1, ordinal: 0 },
  ];
  const id = rankings.keep('fox', { hits, isComplete: false });
  expect(rankings.get(id)).toEqual({ hits, isComplete: false });
  expect(rankings.get('another')).toBeNull();
});

test('the same result of the same search is kept once, and another apart', () => {
  const id = rankings.keep('fox', ranking(2));
  expect(rankings.keep('fox', ranking(2))).toBe(id);
  expect(rankings.keep('bear', ranking(2))).not.toBe(id);
  expect(rankings.keep('fox', ranking(3))).not.toBe(id);
  expect(rankings.keep('fox', { ...ranking(2), isComplete: false })).not.toBe(id);
  expect(database.prepare('SELECT count(*) AS n FROM rankings').get()).toEqual({ n: 4 });
});

test('of too many those that were used last are kept, also over a restart', () => {
  const ids = Array.from({ length: 300 }, (_, n) => rankings.keep('fox', ranking(10_000, n)));
  expect(rankings.get(ids[0]!)).not.toBeNull();
  rankings = open();
  for (let n = 300; n < 500; n += 1) ids.push(rankings.keep('fox', ranking(10_000, n)));
  const bytes = database.prepare('SELECT sum(length(hits)) AS bytes FROM rankings').get()!.bytes as number;
  expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024);
  const kept = ids.filter((id) => rankings.get(id));
  expect(kept).toEqual([ids[0], ...ids.slice(-kept.length + 1)]);
});

test('a disk that takes nothing more costs a search nothing', () => {
  const kept = rankings.keep('fox', ranking(2));
  database.exec('PRAGMA query_only = ON');
  expect(rankings.keep('bear', ranking(2))).toEqual(expect.any(String));
  expect(rankings.get(kept)).toEqual(ranking(2));
});
