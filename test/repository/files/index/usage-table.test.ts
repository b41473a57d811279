import { expect, test } from 'vitest';
import { ZERO_USAGE } from '../../../../src/model/usage.ts';
import { IndexDatabase } from '../../../../src/repository/files/index/database.ts';
import { differencesOf } from '../../../../src/repository/files/index/differences.ts';
import { IndexWriter } from '../../../../src/repository/files/index/writer.ts';
import { type Paid, paidOf, takenBack } from '../../../../src/repository/records/paid.ts';
import { StoreClock } from '../../../../src/repository/runtime/store-clock.ts';
import { session } from '../../records/session-state.ts';

const DAY_MS = 86_400_000;

const message = (costUsd: number | undefined, model: string | undefined = 'm') =>
  ({ role: 'ASSISTANT', content: '', model, usage: { inputTokens: 1, outputTokens: 2, costUsd } }) as const;

const paid = (costUsd: number | undefined, day = 3, model?: string): Paid =>
  paidOf(message(costUsd, model), day * DAY_MS)!;

const add = ({ tables }: IndexDatabase, ...lines: Paid[][]) => {
  for (const line of lines) tables.usage.add(1, line);
};

const rows = ({ tables }: IndexDatabase) =>
  tables.connection.flushed().all('SELECT day, model, sums FROM usage ORDER BY day, model');

/** An index of one session: filled with lines of usage, or complete when each is added in a transaction of its own. */
function indexOf(how: 'filled' | 'live', ...lines: Paid[][]): IndexDatabase {
  const db = IndexDatabase.inMemory();
  const writer = new IndexWriter(db, new StoreClock());
  writer.insertSession(session(1), 0);
  if (how === 'filled') add(db, ...lines);
  db.complete('store', () => writer.relink());
  if (how === 'live') for (const line of lines) db.transaction(() => add(db, line));
  return db;
}

test.each(['filled', 'live'] as const)('adds up lines by day and model in an index that is %s', (how) => {
  const db = indexOf(how, [paid(0.1), paid(0.2)], [paid(undefined)], [paid(1e-7, -1), paid(5, 3, '"')], []);
  expect(rows(db)).toEqual([
    { day: -1, model: '"m"', sums: '[1,1,2,0,0,0,1,"0.0000001"]' },
    { day: 3, model: '"\\""', sums: '[1,1,2,0,0,0,1,"5"]' },
    { day: 3, model: '"m"', sums: '[3,3,6,0,0,0,2,"0.3"]' },
  ]);
});

test.each(['filled', 'live'] as const)('has no row for what was taken back in an index that is %s', (how) => {
  const lines = [[paid(0.1)], [paid(0.2, 4)], [takenBack(paid(0.1)), takenBack(paid(0.2, 4)), paid(0.3, 5)]];
  const db = indexOf(how, ...lines);
  expect(rows(db)).toEqual([{ day: 5, model: '"m"', sums: '[1,1,2,0,0,0,1,"0.3"]' }]);
  expect(differencesOf(db, indexOf('filled', [paid(0.3, 5)]), 'all')).toEqual(new Set());
  expect(differencesOf(db, indexOf('live', [paid(0.4, 5)]), 'all')).toEqual(new Set(['s1']));
});

test('a sum has no cost once all costs are taken back, which is not a cost of 0', () => {
  const back = [paid(0.5), takenBack(paid(0.5))];
  expect(rows(indexOf('live', [paid(undefined), ...back]))).toMatchObject([{ sums: '[1,1,2,0,0,0,0,null]' }]);
  expect(rows(indexOf('live', [paid(0), ...back]))).toMatchObject([{ sums: '[1,1,2,0,0,0,1,"0"]' }]);
});

test('takes back before it adds, and the other way round', () => {
  expect(rows(indexOf('live', [takenBack(paid(0.1))], [paid(0.1)]))).toEqual([]);
  expect(rows(indexOf('live', [takenBack(paid(0.1))]))).toMatchObject([
    { sums: '[-1,-1,-2,0,0,0,-1,"-0.1"]' },
  ]);
});

test('a message that has no usage, or was paid for elsewhere, has not been paid', () => {
  expect(paidOf({ role: 'USER', content: '' }, 0)).toBeNull();
  expect(paidOf({ ...message(1), isCopy: true }, 0)).toBeNull();
  expect(paidOf(message(undefined, undefined), -1)).toMatchObject({
    day: -1,
    usage: { ...ZERO_USAGE, inputTokens: 1, outputTokens: 2 },
  });
});

test('removes the usage of a session with its other rows', () => {
  const db = indexOf('live', [paid(1)]);
  db.transaction(() => {
    add(db, [paid(2)]);
    new IndexWriter(db, new StoreClock()).removeSession('s1');
  });
  expect(rows(db)).toEqual([]);
});
